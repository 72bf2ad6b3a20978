package io.modelassay.architecture;

import com.fasterxml.jackson.databind.JsonNode;
import io.modelassay.architecture.ModelClass.Family;
import io.modelassay.architecture.Parameter.Kind;
import io.modelassay.checkpoint.ModelConfig;
import io.modelassay.checkpoint.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.StreamSupport;

/** Reads the classes of a family: which one a config names, what it calls the base model, and the parameters of its head. */
final class ClassReader {
    private static final String LABELS = "num_labels";

    /** What transformers takes where a config has neither labels nor their number. */
    private static final long DEFAULT_LABELS = 2;

    private final JsonNode family;
    private final ModelConfig config;

    ClassReader(JsonNode family, ModelConfig config) {
        this.family = family;
        this.config = config;
    }

    /** The class that the config names; a language model where it names none, as most tools that leave it out write one. */
    ModelClass named() {
        List<String> names = config.architectures();
        if (names.isEmpty()) {
            return new ModelClass("", ModelHead.LANGUAGE_MODEL, Family.OWN);
        }
        String name = names.get(0);
        Optional<ModelHead> head = head(name);
        if (head.isEmpty()) {
            return new ModelClass(name, ModelHead.UNKNOWN, Family.UNKNOWN);
        }
        String own = family.path("class_prefix").textValue() + suffix(head.get());
        return new ModelClass(name, head.get(), name.equalsIgnoreCase(own) ? Family.OWN : Family.OTHER);
    }

    private Optional<ModelHead> head(String name) {
        for (ModelHead head : ModelHead.values()) {
            String suffix = suffix(head).toLowerCase(Locale.ROOT);
            String lower = name.toLowerCase(Locale.ROOT);
            // "Model" ends many names of other heads, such as Qwen2ForRewardModel.
            boolean ends = !suffix.isEmpty() && lower.endsWith(suffix);
            if (ends && !name.substring(0, name.length() - suffix.length()).contains("For")) {
                return Optional.of(head);
            }
        }
        return Optional.empty();
    }

    private JsonNode description(ModelHead head) {
        return family.path("classes").path(head.key());
    }

    private String suffix(ModelHead head) {
        return description(head).path("suffix").asText("");
    }

    /** {@code module}, which the family's description names as a language model has it, in the class with {@code head}. */
    String rebased(String module, ModelHead head) {
        String base = family.path("base_prefix").textValue();
        String other = description(head).path("base").asText(base);
        if (!module.equals(base) && !module.startsWith(base + ".")) {
            return module;
        }
        String below = module.substring(base.length());
        return other.isEmpty() && !below.isEmpty() ? below.substring(1) : other + below;
    }

    /** The parameters of the head, other than a language model's. */
    List<Parameter> parameters(ModelHead head, Sizes sizes) {
        List<Parameter> parameters = new ArrayList<>();
        description(head).path("modules").properties().forEach(entry -> {
            String module = entry.getKey();
            Shape shape = new Shape(
                    StreamSupport.stream(entry.getValue().path("shape").spliterator(), false)
                            .map(JsonNode::textValue)
                            .map(size -> size.equals(LABELS) ? labels() : sizes.size(size))
                            .toList());
            parameters.add(new Parameter(module + ".weight", module, shape, Kind.OTHER, true));
            if (entry.getValue().has("bias")) {
                parameters.add(new Parameter(module + ".bias", module, Shape.of(shape.dimension(0)), Kind.BIAS, true));
            }
        });
        return parameters;
    }

    private long labels() {
        return config.optionalObject("id2label")
                .map(labels -> (long) labels.keys().size())
                .orElseGet(() -> config.integer(LABELS, DEFAULT_LABELS));
    }
}
