package io.modelassay.quantization;

import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.Finding.Severity;
import io.modelassay.checkpoint.ModelConfig;
import io.modelassay.checkpoint.PythonPatterns;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Function;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * What an artifact's own files say of its quantization: {@code quantization_config} of {@code config.json}, or the file
 * of a quantizer that writes one of its own. The tensors have the last word; see {@link StoredQuantization}.
 */
@API(status = API.Status.EXPERIMENTAL)
public final class QuantizationConfig {
    private static final String KEY = "quantization_config";

    /** Files of quantizers, in the order of preference of GPTQModel; the last is NVIDIA's. */
    private static final List<String> FILES =
            List.of("quantize_config.json", "quant_config.json", "hf_quant_config.json");

    private final String source;
    private final String method;
    private final ModelConfig values;
    private final PythonPatterns patterns;
    private @Nullable DeclaredGroups groups;
    private @Nullable List<DynamicKey> dynamic;

    private QuantizationConfig(String source, String method, ModelConfig values) {
        this.source = source;
        this.method = method;
        this.values = values;
        this.patterns = PythonPatterns.of(values.file());
    }

    /** All that the files of {@code checkpoint} declare: what transformers reads first, then the quantizers' own files. */
    static List<QuantizationConfig> all(Checkpoint checkpoint) {
        List<QuantizationConfig> found = new ArrayList<>();
        ModelConfig config = checkpoint.config();
        for (ModelConfig holder : holders(config)) {
            for (String key : List.of(KEY, "compression_config")) {
                holder.optionalObject(key).ifPresent(values -> found.add(of("config.json", values)));
            }
        }
        for (String file : FILES) {
            checkpoint.companionFile(file).map(ModelConfig::read).ifPresent(values -> found.add(of(file, values)));
        }
        return found;
    }

    private static List<ModelConfig> holders(ModelConfig config) {
        List<ModelConfig> holders = new ArrayList<>(List.of(config));
        config.optionalObject("text_config").ifPresent(holders::add);
        return holders;
    }

    /** Reads one declaration. */
    static QuantizationConfig of(String source, ModelConfig declared) {
        ModelConfig values = declared.optionalObject("quantization").orElse(declared);
        return new QuantizationConfig(source, methodOf(source, values, declared), values);
    }

    private static String methodOf(String source, ModelConfig values, ModelConfig declared) {
        Optional<String> named = text(values, "quant_method").or(() -> text(values, "method"));
        if (named.isPresent()) {
            return named.get().equals("marlin") ? "gptq" : named.get();
        }
        if (values.has("load_in_4bit") || values.has("load_in_8bit") || values.has("bnb_4bit_quant_type")) {
            return "bitsandbytes";
        }
        if (values.has("w_bit") || (values.has("version") && values.has("zero_point"))) {
            return "awq";
        }
        if (values.has("quant_algo") || declared.has("producer")) {
            return "modelopt";
        }
        return source.equals("quantize_config.json") ? "gptq" : "";
    }

    private static Optional<String> text(ModelConfig values, String key) {
        return values.isString(key) ? Optional.of(values.string(key).toLowerCase(Locale.ROOT)) : Optional.empty();
    }

    /** File name of the declaration. */
    public String source() {
        return source;
    }

    /** {@code quant_method} in lower case, such as {@code gptq} or {@code compressed-tensors}; empty where not told. */
    public String method() {
        return method;
    }

    /** The declaration as it stands. */
    public ModelConfig values() {
        return values;
    }

    /** The regular expressions of the declaration. */
    PythonPatterns patterns() {
        return patterns;
    }

    /** {@code config_groups}, read when first asked for. */
    synchronized DeclaredGroups groups() {
        if (groups == null) {
            groups = DeclaredGroups.of(this);
        }
        return groups;
    }

    /** The keys of {@code dynamic} in the order of the file, read when first asked for. */
    synchronized List<DynamicKey> dynamic() {
        if (dynamic == null) {
            dynamic = values.optionalObject("dynamic").map(ModelConfig::keysInFileOrder).orElse(List.of()).stream()
                    .map(key -> DynamicKey.of(key, patterns))
                    .toList();
        }
        return dynamic;
    }

    /** Bits of a weight by {@code bits} or its synonyms. */
    public OptionalLong bits() {
        return firstInteger("bits", "w_bit", "wbits", "nbits");
    }

    /** Input channels that share a scale, -1 for all, by {@code group_size} or its synonyms. */
    public OptionalLong groupSize() {
        return firstInteger("group_size", "q_group_size");
    }

    /** The string under {@code key} in lower case, or an empty one. */
    public String text(String key) {
        return text(values, key).orElse("");
    }

    private OptionalLong firstInteger(String... keys) {
        for (String key : keys) {
            if (values.isNumber(key)) {
                return values.optionalInteger(key);
            }
        }
        return OptionalLong.empty();
    }

    /** {@code quantization-configs-disagree} for each figure that two declarations tell differently. */
    static List<Finding> disagreements(List<QuantizationConfig> all) {
        List<Finding> findings = new ArrayList<>();
        Map<String, Function<QuantizationConfig, String>> figures = Map.of(
                "bits", config -> config.bits().isPresent() ? "" + config.bits().getAsLong() : "",
                "group_size",
                        config -> config.groupSize().isPresent()
                                ? "" + config.groupSize().getAsLong()
                                : "",
                "quant_method", QuantizationConfig::method);
        for (int i = 1; i < all.size(); i++) {
            QuantizationConfig first = all.get(0);
            QuantizationConfig other = all.get(i);
            figures.forEach((key, figure) -> {
                String here = figure.apply(first);
                String there = figure.apply(other);
                if (!here.isEmpty() && !there.isEmpty() && !here.equals(there)) {
                    findings.add(new Finding(
                            "quantization-configs-disagree",
                            Severity.WARNING,
                            other.source(),
                            first.source() + " declares " + key + " " + here + ", " + other.source() + " declares "
                                    + there + "; libraries differ in which of them they read",
                            "make both say what the tensors are"));
                }
            });
        }
        return findings;
    }
}
