package io.modelassay;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.core.util.Separators;
import io.modelassay.checkpoint.ModelConfig;
import io.modelassay.runtime.DType;
import java.io.IOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;

/** The type that a config names, under its old and its new key, and configs that name another. */
final class ConfigDType {
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
    static void rewrite(Path from, Path to, DType dtype, boolean required) throws IOException {
        JsonFactory json = JsonFactory.builder()
                .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
                .build();
        try (JsonParser parser = json.createParser(Files.readAllBytes(from));
                Writer file = Files.newBufferedWriter(to, StandardCharsets.UTF_8);
                JsonGenerator out = json.createGenerator(file)) {
            out.setPrettyPrinter(pythonLike());
            boolean named = false;
            int depth = 0;
            for (JsonToken token = parser.nextToken(); token != null; token = parser.nextToken()) {
                depth += token.isStructStart() ? 1 : token.isStructEnd() ? -1 : 0;
                if (token == JsonToken.END_OBJECT && depth == 0 && !named && required) {
                    out.writeStringField("torch_dtype", name(dtype));
                }
                if (token == JsonToken.FIELD_NAME && QUANTIZATION.contains(String.valueOf(parser.currentName()))) {
                    parser.nextToken();
                    parser.skipChildren();
                    continue;
                }
                boolean type = token == JsonToken.VALUE_STRING
                        && KEYS.contains(String.valueOf(parser.currentName()))
                        && VALUES.contains(parser.getText());
                if (type) {
                    named |= depth == 1;
                    out.writeString(name(dtype));
                } else if (token.isNumeric()) {
                    out.writeNumber(parser.getText());
                } else {
                    out.copyCurrentEvent(parser);
                }
            }
            out.writeRaw("\n");
        }
    }

    private static DefaultPrettyPrinter pythonLike() {
        DefaultPrettyPrinter printer = new DefaultPrettyPrinter(Separators.createDefaultInstance()
                .withObjectFieldValueSpacing(Separators.Spacing.AFTER)
                .withObjectEmptySeparator("")
                .withArrayEmptySeparator(""));
        DefaultIndenter indent = new DefaultIndenter("  ", "\n");
        printer.indentObjectsWith(indent);
        printer.indentArraysWith(indent);
        return printer;
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
