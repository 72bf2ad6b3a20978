package io.modelassay.quantizer;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.ContentHash;
import io.modelassay.checkpoint.Finding;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
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
        try (Checkpoint written = Checkpoint.open(folder)) {
            return ContentHash.ofTensors(written);
        }
    }
}
