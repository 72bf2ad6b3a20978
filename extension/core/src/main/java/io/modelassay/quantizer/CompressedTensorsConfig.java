package io.modelassay.quantizer;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.util.stream.Stream;

/** {@code quantization_config} as compressed-tensors writes it: one group of weights, all linear modules but those ignored. */
final class CompressedTensorsConfig {
    /** The first with 3-bit codes that go over the end of a word, and the last with {@code weight_g_idx}. */
    private static final String VERSION = "0.18.0";

    private CompressedTensorsConfig() {}

    /** The members {@code num_bits}, {@code type}, {@code strategy} and so on of the group's weights. */
    interface Weights {
        void write(JsonGenerator json) throws IOException;
    }

    static void write(String format, ArtifactFormat.Contents contents, Weights weights, JsonGenerator json)
            throws IOException {
        json.writeObjectFieldStart("config_groups");
        json.writeObjectFieldStart("group_0");
        json.writeStringField("format", format);
        json.writeNullField("input_activations");
        json.writeNullField("output_activations");
        json.writeArrayFieldStart("targets");
        json.writeString("Linear");
        json.writeEndArray();
        json.writeObjectFieldStart("weights");
        json.writeBooleanField("dynamic", false);
        weights.write(json);
        json.writeEndObject();
        json.writeEndObject();
        json.writeEndObject();
        json.writeStringField("format", format);
        json.writeArrayFieldStart("ignore");
        for (String module : Stream.concat(contents.kept().stream(), contents.heads().stream())
                .toList()) {
            json.writeString(module);
        }
        json.writeEndArray();
        json.writeNullField("kv_cache_scheme");
        json.writeStringField("quant_method", "compressed-tensors");
        json.writeStringField("quantization_status", "compressed");
        json.writeStringField("version", VERSION);
    }
}
