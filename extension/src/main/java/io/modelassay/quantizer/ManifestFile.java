package io.modelassay.quantizer;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.TensorInfo;
import java.io.IOException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;

/** {@code modelassay-manifest.json}: the SHA-256 of every tensor's bytes, by name. */
final class ManifestFile {
    static final String NAME = "modelassay-manifest.json";

    private static final int PIECE = 1 << 24;

    private ManifestFile() {}

    static void write(Path folder) throws IOException {
        Map<String, String> hashes = new TreeMap<>();
        try (Checkpoint written = Checkpoint.open(folder)) {
            for (TensorInfo tensor : written.tensors().values()) {
                hashes.put(tensor.name(), hash(written, tensor));
            }
        }
        new ObjectMapper()
                .enable(SerializationFeature.INDENT_OUTPUT)
                .writeValue(folder.resolve(NAME).toFile(), Map.of("sha256", hashes));
    }

    private static String hash(Checkpoint checkpoint, TensorInfo tensor) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            for (long from = 0; from < tensor.byteLength(); from += PIECE) {
                int length = Math.toIntExact(Math.min(PIECE, tensor.byteLength() - from));
                digest.update(checkpoint.map(tensor, from, length));
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
