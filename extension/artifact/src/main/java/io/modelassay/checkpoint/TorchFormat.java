package io.modelassay.checkpoint;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/**
 * Files of {@code torch.save}: zip archives of torch 1.6 and later, and the older pickles in a row. The pickle is read as
 * data; nothing that it names is imported or called.
 */
final class TorchFormat implements TensorFormat {

    private static final int HEAD_BYTES = 512;
    private static final int TAR_MAGIC_AT = 257;
    private static final int PICKLE_PROTO = 0x80;

    private static final Comparator<TensorInfo> BY_PLACE = Comparator.comparingLong(TensorInfo::offset)
            .thenComparingLong(TensorInfo::byteLength)
            .thenComparing(TensorInfo::name);

    @Override
    public boolean accepts(String fileName) {
        return fileName.endsWith(".bin") || fileName.endsWith(".pt") || fileName.endsWith(".pth");
    }

    @Override
    public TensorFile read(Path file) {
        FileSignature.check(file);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            TorchContent content = content(file, channel);
            TorchStateDict dict = TorchStateDict.find(content.root(), content.input(), 0);
            TorchTensors tensors = TorchTensors.place(file, content, dict, channel.size());
            List<TensorInfo> infos = tensors.placed().stream()
                    .map(TorchTensors.Placed::info)
                    .sorted(BY_PLACE)
                    .toList();
            return new TensorFile(file, infos, Map.of(), TorchNotes.of(file, dict, tensors), tensors.views());
        } catch (IOException e) {
            throw FileSignature.unreadable(file, e);
        }
    }

    private static TorchContent content(Path file, FileChannel channel) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate((int) Math.min(HEAD_BYTES, channel.size()));
        FileReads.fully(file, channel, buffer, 0);
        String head = new String(buffer.array(), StandardCharsets.ISO_8859_1);
        if (head.startsWith("PK\3\4")) {
            return TorchZipReader.read(file, channel);
        }
        if (head.startsWith("ustar", TAR_MAGIC_AT)) {
            throw CheckpointException.of(
                            CheckpointProblem.UNSUPPORTED_FORMAT,
                            "The file is a tar archive, as torch before 0.2 wrote")
                    .file(file)
                    .at(0)
                    .next("load it in a torch of that time, and save it again with a current one");
        }
        if (head.startsWith("GGUF")) {
            throw wrongFormat(file, "a GGUF file");
        }
        // A GLOBAL or a MARK starts a pickle without a protocol number, as attackers write it.
        char first = head.charAt(0);
        if (first == PICKLE_PROTO || first == PickleOpcodes.GLOBAL || first == PickleOpcodes.MARK) {
            return TorchLegacyReader.read(file, channel);
        }
        throw wrongFormat(file, head.startsWith("{", 8) ? "probably a safetensors file" : "of an unknown format");
    }

    private static CheckpointException wrongFormat(Path file, String what) {
        return CheckpointException.of(
                        CheckpointProblem.WRONG_FORMAT, "The file is " + what + ", and not one that torch.save wrote")
                .file(file)
                .at(0)
                .next("check that the download was complete, and that the name fits the content");
    }

    static CheckpointException wrongByteOrder(Path file, String order, long at) {
        return CheckpointException.of(
                        CheckpointProblem.UNSUPPORTED_FORMAT,
                        "The file was written in the byte order " + order + "; only little-endian files are read")
                .file(file)
                .at(at)
                .next("load it in torch and save it again on a little-endian machine, or as safetensors");
    }
}
