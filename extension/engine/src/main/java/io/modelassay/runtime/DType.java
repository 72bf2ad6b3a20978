package io.modelassay.runtime;

import io.modelassay.checkpoint.ModelConfig;
import io.modelassay.checkpoint.TensorType;
import org.apiguardian.api.API;

/** The floating-point type a forward pass computes in. */
@API(status = API.Status.EXPERIMENTAL)
public enum DType {
    /** The type the checkpoint's config names, BF16 where it names none of the others. */
    AUTO(-1, TensorType.BF16),
    /** IEEE single precision: the reference for exactness. */
    FP32(6, TensorType.F32),
    /** bfloat16: 8 bits of exponent, 8 of significand. */
    BF16(15, TensorType.BF16),
    /** IEEE half precision: largest finite value 65504. */
    FP16(5, TensorType.F16);

    private final int scalarType;
    private final TensorType tensorType;

    DType(int scalarType, TensorType tensorType) {
        this.scalarType = scalarType;
        this.tensorType = tensorType;
    }

    /** The number by which TorchScript source names this type. */
    public int scalarType() {
        if (this == AUTO) {
            throw new IllegalStateException("AUTO is resolved against a checkpoint before anything is computed");
        }
        return scalarType;
    }

    /** The stored type that has the same values. */
    public TensorType tensorType() {
        scalarType();
        return tensorType;
    }

    /** The compute type for a checkpoint of this {@code config.json}, which names its own as {@code dtype} or {@code torch_dtype}. */
    public DType resolve(ModelConfig config) {
        return resolve(config.optionalString("dtype")
                .or(() -> config.optionalString("torch_dtype"))
                .orElse(""));
    }

    /**
     * The compute type for a checkpoint whose config names {@code torchDtype}.
     *
     * @param torchDtype the value of {@code torch_dtype} or {@code dtype} in {@code config.json}, or an empty string
     */
    public DType resolve(String torchDtype) {
        if (this != AUTO) {
            return this;
        }
        return switch (torchDtype) {
            case "float32" -> FP32;
            case "float16" -> FP16;
            default -> BF16;
        };
    }
}
