package io.modelassay.conversion;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonToken;
import io.modelassay.checkpoint.ModelConfig;
import io.modelassay.runtime.DType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import org.apiguardian.api.API;

/** The type that a config names, under its old and its new key, and configs that name another. */
@API(status = API.Status.INTERNAL)
public final class ConfigDType {
    /** What a decoded checkpoint no longer has. */
    private static final Set<String> QUANTIZATION = Set.of("quantization_config", "compression_config");

    private static final Set<String> KEYS = Set.of("dtype", "torch_dtype");
    private static final Set<String> VALUES = Set.of("float32", "float16", "bfloat16", "float64", "auto");

    private ConfigDType() {}

    /** {@code dtype}, or {@code torch_dtype}. */
    static Optional<String> of(ModelConfig config) {
        return config.optionalString("dtype").or(() -> config.optionalString("torch_dtype"));
    }

    /**
     * Copies a config, token by token so that every number keeps its text, with {@code dtype} wherever it names a type, and
     * without its quantization.
     *
     * @param required whether the copy must name the type even if the original does not
     */
    public static void rewrite(Path from, Path to, DType dtype, boolean required) throws IOException {
        ConfigCopy.copy(from, to, new ConfigCopy.Edits() {
            private boolean named;

            @Override
            public boolean drops(String name) {
                return QUANTIZATION.contains(name);
            }

            @Override
            public boolean replaces(String place, JsonToken token, String text, JsonGenerator out) throws IOException {
                boolean type = token == JsonToken.VALUE_STRING
                        && KEYS.contains(place.substring(place.lastIndexOf('.') + 1))
                        && VALUES.contains(text);
                if (type) {
                    named |= KEYS.contains(place);
                    out.writeString(name(dtype));
                }
                return type;
            }

            @Override
            public void end(JsonGenerator out) throws IOException {
                if (required && !named) {
                    out.writeStringField("torch_dtype", name(dtype));
                }
            }
        });
    }

    private static String name(DType dtype) {
        return switch (dtype) {
            case FP32 -> "float32";
            case FP16 -> "float16";
            case BF16 -> "bfloat16";
            case AUTO -> throw new IllegalArgumentException("AUTO is resolved before a config is written");
        };
    }
}
