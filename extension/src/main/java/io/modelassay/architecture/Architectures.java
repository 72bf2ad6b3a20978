package io.modelassay.architecture;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.modelassay.checkpoint.JsonTree;
import io.modelassay.checkpoint.ModelConfig;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Optional;
import java.util.regex.Pattern;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/** Finds the family of a config and lays out its parameters. */
@API(status = API.Status.EXPERIMENTAL)
public final class Architectures {
    private static final JsonFactory JSON = new JsonFactory();
    private static final Pattern MODEL_TYPE = Pattern.compile("[a-z0-9_-]{1,64}");

    private Architectures() {}

    /**
     * The plan of the model that {@code config} describes, or nothing where its {@code model_type} is not known.
     *
     * @throws io.modelassay.checkpoint.CheckpointException if the config of a known family lacks a size
     */
    public static Optional<ModelPlan> find(ModelConfig config) {
        return config.modelType()
                .flatMap(type ->
                        Optional.ofNullable(family(type)).map(file -> new FamilyReader(type, file, config).plan()));
    }

    /**
     * The plan of the model that {@code config} describes.
     *
     * @throws UnsupportedArchitectureException if its {@code model_type} is absent or not known
     */
    public static ModelPlan require(ModelConfig config) {
        return find(config)
                .orElseThrow(() -> new UnsupportedArchitectureException("Model type "
                        + config.modelType().map(type -> "\"" + type + "\"").orElse("(none)")
                        + " has no forward pass here"
                        + "\nTry: the structural checks, which need none; or add the family's description"));
    }

    private static @Nullable JsonNode family(String modelType) {
        if (!MODEL_TYPE.matcher(modelType).matches()) {
            return null;
        }
        try (InputStream in = Architectures.class.getResourceAsStream("families/" + modelType + ".json")) {
            if (in == null) {
                return null;
            }
            JsonNode file;
            try (JsonParser json = JSON.createParser(in)) {
                file = JsonTree.read(json);
            }
            JsonNode base = file.get("extends");
            return base == null ? file : merge(inherited(base.textValue()), file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static JsonNode inherited(String modelType) {
        JsonNode base = family(modelType);
        if (base == null) {
            throw new IllegalStateException("A family extends \"" + modelType + "\", which has no file");
        }
        return base;
    }

    private static JsonNode merge(JsonNode base, JsonNode over) {
        ObjectNode merged = ((ObjectNode) base).deepCopy();
        over.properties().forEach(entry -> {
            JsonNode below = merged.get(entry.getKey());
            boolean deep = below instanceof ObjectNode && entry.getValue() instanceof ObjectNode && !below.has("kind");
            merged.set(entry.getKey(), deep ? merge(below, entry.getValue()) : entry.getValue());
        });
        return merged;
    }
}
