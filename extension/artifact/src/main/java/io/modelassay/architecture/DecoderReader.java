package io.modelassay.architecture;

import com.fasterxml.jackson.databind.JsonNode;
import io.modelassay.architecture.ModelPlan.Forward;
import io.modelassay.checkpoint.CheckpointException;
import io.modelassay.checkpoint.ModelConfig;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;

/** Reads how the decoder of a family computes under one config, as transformers 5 computes it. */
final class DecoderReader {
    /** Many times as many as the widest head of a published model has. */
    private static final int MOST_DIMENSIONS = 1 << 16;

    private static final String FULL = "full_attention";
    private static final String SLIDING = "sliding_attention";
    private static final String LAYER_TYPES = "layer_types";
    private static final String WINDOW = "sliding_window";
    private static final String ACTIVATION = "hidden_act";
    private static final String HEADS = "num_attention_heads";
    private static final String HEAD_SIZE = "head_dim";
    private static final String CAUSAL = "is_causal";
    private static final String EPSILON = "rms_norm_eps";
    private static final String PAD_TOKEN = "pad_token_id";

    /** Names that transformers reads as another. */
    private static final Map<String, String> LEGACY_TYPES = Map.of("attention", FULL);

    private final JsonNode family;
    private final JsonNode stack;
    private final ModelConfig config;
    private final Sizes text;

    DecoderReader(JsonNode family, JsonNode stack, ModelConfig config, Sizes text) {
        this.family = family;
        this.stack = stack;
        this.config = config;
        this.text = text;
    }

    Forward read(List<String> layers, Parameter embedding, String head) {
        if (!family.has("kernel")) {
            return new Forward(null, null);
        }
        try {
            return new Forward(plan(layers, embedding, head), null);
        } catch (CheckpointException | UnsupportedArchitectureException e) {
            return new Forward(null, e);
        }
    }

    private DecoderPlan plan(List<String> layers, Parameter embedding, String head) {
        int maxPositions = text.integer("max_position_embeddings");
        List<String> types = layerTypes(layers.size());
        padToken();
        return new DecoderPlan(
                family.path("kernel").textValue(),
                activation(),
                layers,
                text.integer("hidden_size"),
                heads(),
                text.integer("num_key_value_heads"),
                epsilon(),
                RotaryEmbedding.of(
                        RotarySettings.of(config, readsLayerTypes() ? types : List.of()),
                        headSize(),
                        stack.path("defaults").path(RotarySettings.THETA).asDouble(),
                        maxPositions),
                isCausal(),
                slidingWindows(types),
                maxPositions,
                text.integer("vocab_size"),
                embedding.name(),
                stack.path("prefix").textValue() + ".norm.weight",
                head);
    }

    private String activation() {
        String name = text.text(ACTIVATION);
        JsonNode kernel = family.path("activations").path(name);
        JsonNode refused = family.path("activations_refused").path(name);
        if (kernel.isTextual()) {
            return kernel.textValue();
        }
        throw refused.isTextual()
                ? UnsupportedArchitectureException.notComputed(text.config(ACTIVATION), ACTIVATION, refused.textValue())
                : UnsupportedArchitectureException.refusedEverywhere(
                        text.config(ACTIVATION), ACTIVATION, "transformers has no activation of that name");
    }

    private boolean isCausal() {
        if (config.isNull(CAUSAL)) {
            throw config.outOfRange(CAUSAL, "true or false");
        }
        return config.bool(CAUSAL, true);
    }

    private int heads() {
        int heads = text.integer(HEADS);
        int keyValueHeads = text.integer("num_key_value_heads");
        if (heads % keyValueHeads != 0) {
            throw text.config(HEADS)
                    .outOfRange(HEADS, "a multiple of num_key_value_heads, which is " + keyValueHeads + ",");
        }
        if (family.path("heads_divide_hidden_size").asBoolean() && text.integer("hidden_size") % heads != 0) {
            throw text.config(HEADS).outOfRange(HEADS, "a divisor of hidden_size");
        }
        return heads;
    }

    private int headSize() {
        int size = text.integer(HEAD_SIZE);
        if (size < 2 || size > MOST_DIMENSIONS || size % 2 != 0) {
            throw text.config(HEAD_SIZE)
                    .outOfRange(
                            HEAD_SIZE,
                            "an even number up to " + MOST_DIMENSIONS
                                    + " (hidden_size / num_attention_heads where it is absent, here " + size + ")");
        }
        return size;
    }

    private double epsilon() {
        double epsilon = text.number(EPSILON);
        if (!(epsilon >= 0) || Double.isInfinite(epsilon)) {
            throw text.config(EPSILON).outOfRange(EPSILON, "a number from 0");
        }
        return epsilon;
    }

    /** torch makes no embedding whose padding row lies outside; within, it makes no difference to stored weights. */
    private void padToken() {
        if (!config.isNumber(PAD_TOKEN)) {
            return;
        }
        long rows = text.integer("vocab_size");
        long row = config.integer(PAD_TOKEN);
        if (row >= rows || row < -rows) {
            throw config.outOfRange(PAD_TOKEN, "a row of the embedding, whose vocab_size is " + rows + ",");
        }
    }

    /** Whether the types of the layers are a setting of the model that the config makes. */
    private boolean readsLayerTypes() {
        return switch (family.path(LAYER_TYPES).asText()) {
            case "always" -> true;
            case "where given" -> config.keys().contains(LAYER_TYPES);
            default -> false;
        };
    }

    /** The type of each layer: {@code layer_types} where the family reads it, otherwise the family's rule. */
    private List<String> layerTypes(int layers) {
        int from = switch (family.path(WINDOW).textValue()) {
            case "always" -> 0;
            case "from max_window_layers" -> {
                int first = (int) Math.max(0, Math.min(layers, text.whole("max_window_layers")));
                yield text.flag("use_sliding_window") ? first : layers;
            }
            default -> layers;
        };
        if (text.config(LAYER_TYPES).has(LAYER_TYPES)) {
            List<String> types = text.strings(LAYER_TYPES).stream()
                    .map(type -> LEGACY_TYPES.getOrDefault(type, type))
                    .toList();
            check(types, layers);
            if (readsLayerTypes()) {
                return types;
            }
        }
        boolean slides = text.setOrDefault(WINDOW);
        return IntStream.range(0, layers)
                .mapToObj(i -> slides && i >= from ? SLIDING : FULL)
                .toList();
    }

    private void check(List<String> types, int layers) {
        ModelConfig holder = text.config(LAYER_TYPES);
        if (types.size() != layers) {
            throw holder.outOfRange(LAYER_TYPES, "one type for each of the " + layers + " layers");
        }
        List<String> known = StreamSupport.stream(
                        family.path("layer_type_names").spliterator(), false)
                .map(JsonNode::textValue)
                .toList();
        if (!known.containsAll(types)) {
            throw UnsupportedArchitectureException.refusedEverywhere(
                    holder, LAYER_TYPES, "this family has layers of " + String.join(", ", known));
        }
    }

    private List<Integer> slidingWindows(List<String> types) {
        ModelConfig holder = text.config(WINDOW);
        long window = text.setOrDefault(WINDOW) ? text.whole(WINDOW) : 0;
        boolean asked = types.contains(SLIDING)
                || text.strings(LAYER_TYPES).contains(SLIDING)
                || (readsLayerTypes() && family.path(WINDOW).asText().equals("always"));
        if (!asked) {
            return types.stream().map(type -> 0).toList();
        }
        boolean switchedOff = family.path(WINDOW).asText().startsWith("from") && !text.flag("use_sliding_window");
        if (switchedOff || !text.setOrDefault(WINDOW)) {
            throw UnsupportedArchitectureException.refusedEverywhere(
                    text.config(LAYER_TYPES),
                    LAYER_TYPES,
                    SLIDING + " needs a window, and "
                            + (switchedOff ? "use_sliding_window is off" : "there is no " + WINDOW));
        }
        if (window < 1) {
            throw holder.outOfRange(WINDOW, "a number of positions from 1");
        }
        int seen = (int) Math.min(window, Integer.MAX_VALUE);
        return types.stream().map(type -> type.equals(SLIDING) ? seen : 0).toList();
    }
}
