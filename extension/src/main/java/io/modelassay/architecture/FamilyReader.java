package io.modelassay.architecture;

import com.fasterxml.jackson.databind.JsonNode;
import io.modelassay.architecture.ModelPlan.Layers;
import io.modelassay.architecture.ModelPlan.Rename;
import io.modelassay.architecture.Parameter.Kind;
import io.modelassay.checkpoint.ModelConfig;
import io.modelassay.checkpoint.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;

/**
 * Reads a family's description under one config: expressions become numbers, layers become names. A family is one or
 * several stacks of modules, the one named {@code text} with embedding and logits, each with figures of its own.
 */
final class FamilyReader {
    private static final String TEXT = "text";
    private static final String TIED = "tie_word_embeddings";

    private final String modelType;
    private final JsonNode family;
    private final ModelConfig config;
    private final Sizes text;

    FamilyReader(String modelType, JsonNode family, ModelConfig config) {
        this.modelType = modelType;
        this.family = family;
        this.config = config;
        this.text = Sizes.of(stack(TEXT), config);
    }

    ModelPlan plan() {
        List<Parameter> parameters = new ArrayList<>();
        List<Layers> layers = new ArrayList<>();
        family.path("stacks").properties().forEach(entry -> {
            JsonNode stack = entry.getValue();
            Sizes sizes = Sizes.of(stack, config);
            String prefix = stack.path("prefix").textValue() + ".";
            add(stack.path("before"), prefix, sizes, parameters);
            JsonNode repeated = stack.path("layers");
            String count = repeated.path("count").textValue();
            Layers own =
                    new Layers(entry.getKey(), prefix + repeated.path("name").textValue(), sizes.integer(count), count);
            layers.add(own);
            own.names().forEach(name -> add(repeated.path("modules"), name + ".", sizes, parameters));
            add(stack.path("after"), prefix, sizes, parameters);
        });
        Parameter embedding = parameters.stream()
                .filter(parameter -> parameter.kind() == Kind.EMBEDDING)
                .findFirst()
                .orElseThrow();
        String head = family.path("head").textValue();
        boolean tied = config.has(TIED) ? config.bool(TIED) : text.flag(TIED);
        parameters.add(new Parameter(head + ".weight", head, embedding.shape(), Kind.HEAD, !tied));
        return new ModelPlan(
                modelType,
                parameters,
                layers,
                tied ? List.of(List.of(embedding.name(), head + ".weight")) : List.of(),
                new ModelPlan.Names(family.path("base_prefix").textValue(), renames(), buffers()),
                decoder(layers, embedding, head, tied));
    }

    private JsonNode stack(String name) {
        return family.path("stacks").path(name);
    }

    private static void add(JsonNode modules, String prefix, Sizes sizes, List<Parameter> parameters) {
        modules.properties().forEach(entry -> {
            String module = prefix + entry.getKey();
            JsonNode description = entry.getValue();
            Shape shape =
                    new Shape(StreamSupport.stream(description.path("shape").spliterator(), false)
                            .map(expression -> sizes.size(expression.textValue()))
                            .toList());
            Kind kind = Kind.valueOf(description.path("kind").textValue().toUpperCase(Locale.ROOT));
            parameters.add(new Parameter(module + ".weight", module, shape, kind, true));
            String bias = description.path("bias").asText("never");
            if (bias.equals("always") || (!bias.equals("never") && sizes.flag(bias))) {
                parameters.add(new Parameter(module + ".bias", module, Shape.of(shape.dimension(0)), Kind.BIAS, true));
            }
        });
    }

    private List<Rename> renames() {
        List<Rename> renames = new ArrayList<>();
        family.path("renames")
                .properties()
                .forEach(entry -> renames.add(new Rename(
                        Pattern.compile(entry.getKey()), entry.getValue().textValue(), beginning(entry.getKey()))));
        return renames;
    }

    /** The plain text that a pattern such as {@code ^model\\.(?!visual\\.)} begins with. */
    private static String beginning(String pattern) {
        int end = pattern.indexOf('(');
        return pattern.substring(0, end < 0 ? pattern.length() : end)
                .replace("^", "")
                .replace("\\.", ".");
    }

    private List<String> buffers() {
        return StreamSupport.stream(family.path("buffers").spliterator(), false)
                .map(JsonNode::textValue)
                .toList();
    }

    private @Nullable DecoderPlan decoder(List<Layers> layers, Parameter embedding, String head, boolean tied) {
        if (!family.has("kernel")) {
            return null;
        }
        int headSize = text.integer("head_dim");
        int maxPositions = text.integer("max_position_embeddings");
        return new DecoderPlan(
                family.path("kernel").textValue(),
                layers.get(0).names(),
                text.integer("hidden_size"),
                text.integer("num_attention_heads"),
                text.integer("num_key_value_heads"),
                text.number("rms_norm_eps"),
                RotaryEmbedding.of(
                        config,
                        headSize,
                        stack(TEXT).path("defaults").path("rope_theta").asDouble(),
                        maxPositions),
                slidingWindows(layers.get(0).count()),
                maxPositions,
                text.integer("vocab_size"),
                embedding.name(),
                stack(TEXT).path("prefix").textValue() + ".norm.weight",
                (tied ? embedding.module() : head) + ".weight");
    }

    /** Windows per layer: {@code layer_types} where the config has them, otherwise the family's rule. */
    private List<Integer> slidingWindows(int layers) {
        String rule = family.path("sliding_window").textValue();
        int window = rule.equals("never") || !text.setOrDefault("sliding_window") ? 0 : text.integer("sliding_window");
        int from = switch (rule) {
            case "always" -> 0;
            case "from max_window_layers" ->
                text.flag("use_sliding_window") ? text.integer("max_window_layers") : layers;
            default -> layers;
        };
        List<String> types = text.strings("layer_types");
        if (!types.isEmpty()) {
            return types.stream()
                    .map(type -> type.equals("sliding_attention") ? window : 0)
                    .toList();
        }
        return IntStream.range(0, layers).mapToObj(i -> i >= from ? window : 0).toList();
    }
}
