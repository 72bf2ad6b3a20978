package io.modelassay.runtime;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * Packs kernel source into a TorchScript archive in memory: a zip of stored entries with the pickled module (one
 * attribute, {@code training}), no constants, and the code.
 *
 * <p>A kernel file holds plain functions whose first parameter is {@code self}; they become the methods of one module,
 * so that one may call another as {@code self.other(…)}.
 */
final class TorchArchive {
    private static final String MODULE_HEAD =
            "class Kernels(Module):\n  __parameters__ = []\n  __buffers__ = []\n  training : bool\n";

    /** {@code Kernels()} with state {@code {"training": False}}, pickle protocol 2. */
    private static final byte[] DATA_PICKLE =
            "\u0080\u0002c__torch__\nKernels\nq\u0000)\u0081}(X\b\u0000\u0000\u0000trainingq\u0001\u0089ubq\u0002."
                    .getBytes(StandardCharsets.ISO_8859_1);

    /** An empty tuple, pickle protocol 2. */
    private static final byte[] CONSTANTS_PICKLE = "\u0080\u0002).".getBytes(StandardCharsets.ISO_8859_1);

    /** The functions that every module has. */
    static final String CONVERSIONS = "tensors.py";

    private TorchArchive() {}

    /** Packs kernel files that lie beside {@code anchor}, or under an absolute resource name, with the conversions that every module needs, as one module. */
    static byte[] of(Class<?> anchor, List<String> files) {
        StringBuilder code = new StringBuilder(MODULE_HEAD);
        append(source(TorchArchive.class, CONVERSIONS), code);
        for (String file : files) {
            append(source(anchor, file), code);
        }
        return pack(code.toString());
    }

    private static void append(String functions, StringBuilder code) {
        functions
                .lines()
                .forEach(line ->
                        code.append(line.isBlank() ? "" : "  ").append(line).append('\n'));
    }

    private static String source(Class<?> anchor, String file) {
        try (InputStream in = anchor.getResourceAsStream(file)) {
            if (in == null) {
                throw RuntimeFailure.ofKernel(
                        RuntimeProblem.KERNEL_MISSING, "No kernel file " + file + " beside " + anchor.getName(), null);
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static byte[] pack(String code) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            entry(zip, "kernels/data.pkl", DATA_PICKLE);
            entry(zip, "kernels/code/__torch__.py", code.getBytes(StandardCharsets.UTF_8));
            entry(zip, "kernels/constants.pkl", CONSTANTS_PICKLE);
            entry(zip, "kernels/version", "3\n".getBytes(StandardCharsets.US_ASCII));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    private static void entry(ZipOutputStream zip, String name, byte[] content) throws IOException {
        CRC32 crc = new CRC32();
        crc.update(content);
        ZipEntry entry = new ZipEntry(name);
        entry.setMethod(ZipEntry.STORED);
        entry.setSize(content.length);
        entry.setCrc(crc.getValue());
        entry.setTime(0);
        zip.putNextEntry(entry);
        zip.write(content);
        zip.closeEntry();
    }
}
