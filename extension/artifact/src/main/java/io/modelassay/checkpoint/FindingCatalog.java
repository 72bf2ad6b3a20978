package io.modelassay.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.modelassay.checkpoint.Finding.Severity;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.apiguardian.api.API;

/**
 * Every kind of finding. Each package describes its own in its resource {@code findings.json}: to add one, add an entry there and
 * its row to the reference, which a test compares. A module that is not on the class path adds none.
 */
@API(status = API.Status.EXPERIMENTAL)
public final class FindingCatalog {
    /** The packages that have findings, in the order of the reference. */
    private static final List<String> PACKAGES = List.of(
            "checkpoint",
            "architecture",
            "adapter",
            "quantization",
            "inspection",
            "values",
            "conversion",
            "quantizer",
            "diagnosis",
            "cli");

    private static final ObjectMapper JSON = new ObjectMapper();

    private FindingCatalog() {}

    /** All kinds, by package and in it by id. One id may have several, each of which another verb tells. */
    public static List<FindingKind> kinds() {
        List<FindingKind> kinds = new ArrayList<>();
        for (String name : PACKAGES) {
            for (JsonNode entry : read("/io/modelassay/" + name + "/findings.json")) {
                kinds.add(kind(entry));
            }
        }
        return kinds;
    }

    /** The kinds of this id: none where it is not known. */
    public static List<FindingKind> of(String id) {
        return kinds().stream().filter(kind -> kind.id().equals(id)).toList();
    }

    private static JsonNode read(String resource) {
        try (InputStream in = FindingCatalog.class.getResourceAsStream(resource)) {
            return in == null ? JSON.createArrayNode() : JSON.readTree(in);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static FindingKind kind(JsonNode entry) {
        List<Severity> severities = new ArrayList<>();
        entry.required("severities")
                .forEach(label ->
                        severities.add(Severity.valueOf(label.textValue().toUpperCase(Locale.ROOT))));
        return new FindingKind(
                entry.required("id").textValue(),
                severities,
                entry.required("by").textValue(),
                entry.required("meaning").textValue(),
                entry.required("cure").textValue());
    }
}
