package io.modelassay.architecture;

import com.fasterxml.jackson.databind.JsonNode;
import io.modelassay.architecture.Parameter.Kind;
import io.modelassay.checkpoint.ModelConfig;
import io.modelassay.checkpoint.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;

/** Reads a family's description under one config: symbolic shapes become numbers, layers become names. */
final class FamilyReader {
    private final String modelType;
    private final JsonNode family;
    private final ModelConfig config;
    private final Map<String, Long> sizes;
    private final int layers;
    private final int heads;
    private final int headSize;

    FamilyReader(String modelType, JsonNode family, ModelConfig config) {
        this.modelType = modelType;
        this.family = family;
        this.config = config;
        this.layers = size("num_hidden_layers");
        this.heads = size("num_attention_heads");
        int hidden = size("hidden_size");
        this.headSize =
                config.has("head_dim") || family.path("defaults").has("head_dim") ? size("head_dim") : hidden / heads;
        this.sizes = Map.of(
                "hidden", (long) hidden,
                "intermediate", (long) size("intermediate_size"),
                "vocabulary", (long) size("vocab_size"),
                "head", (long) headSize,
                "query", (long) heads * headSize,
                "key_value", (long) keyValueHeads() * headSize);
    }

    ModelPlan plan() {
        String embedding = text("embedding");
        String head = text("head");
        boolean tied = flag("tie_word_embeddings");
        Shape table = shape(List.of("vocabulary", "hidden"));
        List<Parameter> parameters = new ArrayList<>();
        parameters.add(weight(embedding, table, Kind.EMBEDDING, true));
        List<String> layerNames = IntStream.range(0, layers)
                .mapToObj(i -> family.path("layers").path("prefix").textValue() + "." + i)
                .toList();
        layerNames.forEach(layer -> addLayer(layer, parameters));
        parameters.add(weight(text("final_norm"), shape(List.of("hidden")), Kind.NORM, true));
        parameters.add(weight(head, table, Kind.HEAD, !tied));
        int maxPositions = size("max_position_embeddings");
        DecoderPlan decoder = new DecoderPlan(
                text("kernel"),
                layerNames,
                size("hidden_size"),
                heads,
                keyValueHeads(),
                config.number(
                        "rms_norm_eps",
                        family.path("defaults").path("rms_norm_eps").asDouble()),
                RotaryEmbedding.of(
                        config,
                        headSize,
                        family.path("defaults").path("rope_theta").asDouble(),
                        maxPositions),
                slidingWindows(),
                maxPositions,
                size("vocab_size"),
                embedding + ".weight",
                text("final_norm") + ".weight",
                (tied ? embedding : head) + ".weight");
        return new ModelPlan(modelType, parameters, decoder);
    }

    private void addLayer(String layer, List<Parameter> parameters) {
        family.path("layers").path("modules").properties().forEach(entry -> {
            String module = layer + "." + entry.getKey();
            JsonNode description = entry.getValue();
            Shape shape = shape(StreamSupport.stream(description.path("shape").spliterator(), false)
                    .map(JsonNode::textValue)
                    .toList());
            Kind kind = Kind.valueOf(description.path("kind").textValue().toUpperCase(Locale.ROOT));
            parameters.add(weight(module, shape, kind, true));
            String bias = description.path("bias").asText("never");
            if (bias.equals("always") || (!bias.equals("never") && flag(bias))) {
                parameters.add(new Parameter(module + ".bias", module, Shape.of(shape.dimension(0)), Kind.BIAS, true));
            }
        });
    }

    private static Parameter weight(String module, Shape shape, Kind kind, boolean required) {
        return new Parameter(module + ".weight", module, shape, kind, required);
    }

    private Shape shape(List<String> symbols) {
        return new Shape(symbols.stream().map(this::dimension).toList());
    }

    private Long dimension(String symbol) {
        Long value = sizes.get(symbol);
        if (value == null) {
            throw new IllegalStateException("Family " + modelType + " uses the unknown size \"" + symbol + "\"");
        }
        return value;
    }

    private int keyValueHeads() {
        return size("num_key_value_heads");
    }

    /** Windows per layer: {@code layer_types} where the config has them, otherwise the family's rule. */
    private List<Integer> slidingWindows() {
        String rule = text("sliding_window");
        int window = rule.equals("never") || !setOrDefault("sliding_window") ? 0 : size("sliding_window");
        int from = switch (rule) {
            case "always" -> 0;
            case "from max_window_layers" -> flag("use_sliding_window") ? size("max_window_layers") : layers;
            default -> layers;
        };
        List<String> types = config.has("layer_types") ? config.strings("layer_types") : List.of();
        if (!types.isEmpty()) {
            return types.stream()
                    .map(type -> type.equals("sliding_attention") ? window : 0)
                    .toList();
        }
        return IntStream.range(0, layers).mapToObj(i -> i >= from ? window : 0).toList();
    }

    /** Whether the key is given and not null, or absent with a default. */
    private boolean setOrDefault(String key) {
        return config.has(key)
                || (!config.keys().contains(key) && family.path("defaults").has(key));
    }

    /** The config's value, or the family's default: a number, or the name of the key to take it from. */
    private int size(String key) {
        JsonNode fallback = family.path("defaults").path(key);
        if (config.has(key) || fallback.isMissingNode()) {
            return Math.toIntExact(config.integer(key));
        }
        return fallback.isTextual() ? size(fallback.textValue()) : fallback.intValue();
    }

    private boolean flag(String key) {
        return config.bool(key, family.path("defaults").path(key).asBoolean(false));
    }

    private String text(String key) {
        return family.path(key).textValue();
    }
}
