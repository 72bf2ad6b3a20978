package io.modelassay.checkpoint;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/** Recognises, by the first bytes, files that only pretend to be what their name says. */
final class FileSignature {

    private static final int HEAD_BYTES = 512;

    private FileSignature() {}

    /**
     * Refuses an empty file, a git-LFS pointer and an HTML page (what a failed download leaves behind).
     *
     * @throws CheckpointException if the file is one of these or can't be read
     */
    static void check(Path file) {
        byte[] head = head(file);
        if (head.length == 0) {
            throw CheckpointException.of(CheckpointProblem.EMPTY_FILE, "The file is empty (0 bytes)")
                    .file(file)
                    .at(0)
                    .next("download or copy the file again");
        }
        String text = new String(head, StandardCharsets.ISO_8859_1);
        if (text.startsWith("version https://git-lfs")) {
            throw CheckpointException.of(
                            CheckpointProblem.GIT_LFS_POINTER,
                            "The file is a git-LFS pointer" + pointerSize(text) + ", not the file itself")
                    .file(file)
                    .at(0)
                    .next("run `git lfs pull` in the repository that holds it, or download the file");
        }
        String start = text.stripLeading().toLowerCase(Locale.ROOT);
        if (start.startsWith("<!doctype html") || start.startsWith("<html")) {
            throw CheckpointException.of(
                            CheckpointProblem.HTML_PAGE, "The file is an HTML page, probably of a failed download")
                    .file(file)
                    .at(0)
                    .next(
                            "open the page to see why the download was refused (a login or a licence), then fetch it again");
        }
    }

    /** Refuses a tensor file of another format that carries a safetensors name. */
    static void checkNotOtherFormat(Path file) {
        byte[] head = head(file);
        String other = null;
        if (startsWith(head, 'P', 'K', 3, 4)) {
            other = "a zip archive, as torch.save writes";
        } else if (startsWith(head, 'G', 'G', 'U', 'F')) {
            other = "a GGUF file";
        } else if (head.length > 2 && (head[0] & 0xFF) == 0x80 && head[1] >= 2 && head[1] <= 5 && isPickleBody(head)) {
            other = "a Python pickle";
        }
        if (other != null) {
            throw CheckpointException.of(
                            CheckpointProblem.WRONG_FORMAT, "The file is " + other + ", not a safetensors file")
                    .file(file)
                    .at(0)
                    .next("convert it with safetensors.torch.save_file; renaming is not enough");
        }
    }

    /** A pickle's second opcode; a safetensors header of the same length would have zero bytes from position 4 on. */
    private static boolean isPickleBody(byte[] head) {
        return head.length < 8 || head[4] != 0 || head[5] != 0 || head[6] != 0 || head[7] != 0;
    }

    private static boolean startsWith(byte[] head, int... bytes) {
        if (head.length < bytes.length) {
            return false;
        }
        for (int i = 0; i < bytes.length; i++) {
            if ((head[i] & 0xFF) != bytes[i]) {
                return false;
            }
        }
        return true;
    }

    private static String pointerSize(String text) {
        for (String line : text.lines().toList()) {
            if (line.matches("size [0-9]{1,19}")) {
                return " to " + line.substring("size ".length()) + " bytes";
            }
        }
        return "";
    }

    private static byte[] head(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            return in.readNBytes(HEAD_BYTES);
        } catch (IOException e) {
            throw unreadable(file, e);
        }
    }

    static CheckpointException unreadable(Path file, IOException cause) {
        return CheckpointException.of(
                        CheckpointProblem.UNREADABLE_FILE,
                        "The file can't be read: " + cause.getClass().getSimpleName() + " " + cause.getMessage())
                .file(file)
                .cause(cause)
                .next("check that the file exists and that this user may read it");
    }
}
