package io.modelassay.evaluation;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Another build of this product is told from this one, whatever its version says. */
class ProductCodeTest {
    @TempDir
    Path folder;

    @Test
    void thisBuildHasAHash() {
        assertThat(ProductCode.hash()).matches("[0-9a-f]{64}").isEqualTo(ProductCode.hash());
    }

    @Test
    void aChangedKernelIsOtherCodeInAFolder() throws IOException {
        Path kernel =
                Files.createDirectories(folder.resolve("io/modelassay/runtime")).resolve("decoder.py");
        Files.writeString(kernel, "silu");
        String before = ProductCode.of(folder);
        Files.writeString(folder.resolve("other.txt"), "no part of the product");
        assertThat(ProductCode.of(folder)).isEqualTo(before);
        Files.writeString(kernel, "gelu");
        assertThat(ProductCode.of(folder)).isNotEqualTo(before);
    }

    @Test
    void aChangedKernelIsOtherCodeInAJar() throws IOException {
        String before = ProductCode.of(jar("before.jar", "silu", "one library"));
        assertThat(ProductCode.of(jar("same.jar", "silu", "another library"))).isEqualTo(before);
        assertThat(ProductCode.of(jar("after.jar", "gelu", "one library"))).isNotEqualTo(before);
    }

    private Path jar(String name, String kernel, String library) throws IOException {
        Path jar = folder.resolve(name);
        try (OutputStream file = Files.newOutputStream(jar);
                ZipOutputStream zip = new ZipOutputStream(file)) {
            zip.putNextEntry(new ZipEntry("io/modelassay/runtime/decoder.py"));
            zip.write(kernel.getBytes(StandardCharsets.UTF_8));
            zip.putNextEntry(new ZipEntry("org/other/library.txt"));
            zip.write(library.getBytes(StandardCharsets.UTF_8));
        }
        return jar;
    }
}
