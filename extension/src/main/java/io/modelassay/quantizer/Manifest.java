package io.modelassay.quantizer;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.TensorInfo;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apiguardian.api.API;

/** {@code modelassay-manifest.json}, written with every artifact: the SHA-256 of each tensor's bytes, by name. */
@API(status = API.Status.EXPERIMENTAL)
public final class Manifest {
    /** The file's name. */
    public static final String NAME = "modelassay-manifest.json";

    private static final ObjectMapper JSON = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);
    private static final int PIECE = 1 << 24;

    private Manifest() {}

    static void write(Path folder) throws IOException {
        JSON.writeValue(folder.resolve(NAME).toFile(), Map.of("sha256", hashes(folder)));
    }

    /**
     * The hashes as the artifact in {@code folder} states them.
     *
     * @throws UncheckedIOException if the file is missing or no manifest
     */
    public static SortedMap<String, String> read(Path folder) {
        Path file = folder.resolve(NAME);
        try {
            Map<String, SortedMap<String, String>> members = JSON.readValue(file.toFile(), new TypeReference<>() {});
            return Objects.requireNonNullElseGet(members.get("sha256"), TreeMap::new);
        } catch (IOException e) {
            throw new UncheckedIOException("The manifest " + file + " cannot be read: " + e.getMessage(), e);
        }
    }

    /**
     * Reads every tensor of the artifact in {@code folder} and names those that are not as the manifest states, in the order
     * of their names; nothing where all are.
     */
    public static List<Finding> verify(Path folder) {
        SortedMap<String, String> stated = read(folder);
        SortedMap<String, String> found = hashes(folder);
        TreeSet<String> names = new TreeSet<>(stated.keySet());
        names.addAll(found.keySet());
        List<Finding> findings = new ArrayList<>();
        for (String name : names) {
            if (!Objects.equals(stated.get(name), found.get(name))) {
                findings.add(new Finding(
                        "manifest-disagrees",
                        Finding.Severity.ERROR,
                        name,
                        !found.containsKey(name)
                                ? "The manifest lists it, and no file has it"
                                : !stated.containsKey(name)
                                        ? "The manifest does not list it"
                                        : "Its bytes are not those that were written: SHA-256 " + found.get(name)
                                                + ", not " + stated.get(name),
                        "a fresh copy of the artifact, or quantize again"));
            }
        }
        return List.copyOf(findings);
    }

    private static SortedMap<String, String> hashes(Path folder) {
        SortedMap<String, String> hashes = new TreeMap<>();
        try (Checkpoint written = Checkpoint.open(folder)) {
            for (TensorInfo tensor : written.tensors().values()) {
                hashes.put(tensor.name(), hash(written, tensor));
            }
        }
        return hashes;
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
