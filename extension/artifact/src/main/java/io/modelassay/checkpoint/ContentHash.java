package io.modelassay.checkpoint;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.apiguardian.api.API;

/** SHA-256 over named files, for each the length of its name, its name, its length and its bytes; over tensors; over tokens. */
@API(status = API.Status.INTERNAL)
public final class ContentHash {

    private static final int CHUNK_BYTES = 1 << 20;
    private static final int MAPPED_BYTES = 1 << 24;

    private ContentHash() {}

    /** The hash of {@code files} under their names, as 64 lower-case hexadecimal digits. */
    public static String of(SortedMap<String, Path> files) {
        MessageDigest digest = sha256();
        ByteBuffer chunk = ByteBuffer.allocate(CHUNK_BYTES);
        files.forEach((name, file) -> add(digest, name, file, chunk));
        return HexFormat.of().formatHex(digest.digest());
    }

    /** The hash of the bytes of each tensor of {@code checkpoint}, by name; names, types and files have no part in it. */
    public static SortedMap<String, String> ofTensors(Checkpoint checkpoint) {
        SortedMap<String, String> hashes = new TreeMap<>();
        for (TensorInfo tensor : checkpoint.tensors().values()) {
            MessageDigest digest = sha256();
            for (long from = 0; from < tensor.byteLength(); from += MAPPED_BYTES) {
                int length = Math.toIntExact(Math.min(MAPPED_BYTES, tensor.byteLength() - from));
                digest.update(checkpoint.map(tensor, from, length));
            }
            hashes.put(tensor.name(), HexFormat.of().formatHex(digest.digest()));
        }
        return hashes;
    }

    /** The hash of what remains of {@code bytes}, which stay as they are. */
    public static String of(ByteBuffer bytes) {
        MessageDigest digest = sha256();
        digest.update(bytes.duplicate());
        return HexFormat.of().formatHex(digest.digest());
    }

    /** The hash of {@code bytes}. */
    public static String of(byte[] bytes) {
        return HexFormat.of().formatHex(sha256().digest(bytes));
    }

    /** The hash of windows of token ids, in order: for each its length and its ids. */
    public static String ofTokens(List<int[]> windows) {
        MessageDigest digest = sha256();
        for (int[] window : windows) {
            ByteBuffer bytes = ByteBuffer.allocate(4 * (window.length + 1)).putInt(window.length);
            for (int id : window) {
                bytes.putInt(id);
            }
            digest.update(bytes.flip());
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    private static void add(MessageDigest digest, String name, Path file, ByteBuffer chunk) {
        byte[] nameBytes = name.getBytes(StandardCharsets.UTF_8);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            long size = channel.size();
            digest.update(ByteBuffer.allocate(4).putInt(nameBytes.length).flip());
            digest.update(nameBytes);
            digest.update(ByteBuffer.allocate(8).putLong(size).flip());
            chunk.clear();
            while (channel.read(chunk) >= 0) {
                digest.update(chunk.flip());
                chunk.clear();
            }
        } catch (IOException e) {
            throw FileSignature.unreadable(file, e);
        }
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
