package io.modelassay.quantization;

import io.modelassay.checkpoint.ModelConfig;
import io.modelassay.checkpoint.TensorType;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The types that weights are decoded to, by PyTorch's names and numbers. */
final class FloatTypes {
    /** All of them. */
    static final Set<TensorType> ALL = Set.of(TensorType.F16, TensorType.BF16, TensorType.F32);

    private static final Map<String, TensorType> NAMES =
            Map.of("float16", TensorType.F16, "bfloat16", TensorType.BF16, "float32", TensorType.F32);

    private static final Set<TensorType> FULL_PRECISION =
            Set.of(TensorType.BF16, TensorType.F16, TensorType.F32, TensorType.F64);

    private FloatTypes() {}

    /** Whether a model that is not quantized stores its weights in {@code type}. */
    static boolean isFullPrecision(TensorType type) {
        return FULL_PRECISION.contains(type);
    }

    /** The type of a name such as {@code float16} or {@code torch.float16}, and of no other. */
    static Optional<TensorType> named(String name) {
        return Optional.ofNullable(NAMES.get(name.startsWith("torch.") ? name.substring(6) : name));
    }

    /** The number by which kernels know a type. */
    static long number(TensorType type) {
        return switch (type) {
            case F16 -> 5;
            case F32 -> 6;
            case BF16 -> 15;
            default -> throw new IllegalArgumentException("no weight is decoded to " + type.label());
        };
    }

    /** The type that a model's config names, under its old or its new key; bfloat16 where it names none of these. */
    static TensorType of(ModelConfig config) {
        for (String key : new String[] {"dtype", "torch_dtype"}) {
            if (config.isString(key)) {
                return named(config.string(key)).orElse(TensorType.BF16);
            }
        }
        return config.isObject("text_config") ? of(config.object("text_config")) : TensorType.BF16;
    }
}
