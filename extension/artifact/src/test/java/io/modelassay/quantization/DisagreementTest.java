package io.modelassay.quantization;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.modelassay.architecture.Architectures;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Finding;
import io.modelassay.fixtures.Corruptor;
import io.modelassay.fixtures.Fixtures;
import io.modelassay.inspection.Inspection;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Config and tensors that tell different stories: the tensors win, and the disagreement is told. */
class DisagreementTest {
    private static final Path HEALTHY = Fixtures.path("quantized/gptq-int4-g128");

    @TempDir
    Path folder;

    @Test
    void anotherGroupSizeThanTheTensorsHave() {
        Path broken = configured("group", config -> config.put("group_size", 64));
        assertThat(errors(broken))
                .singleElement()
                .returns("group-size-disagrees", Finding::id)
                .extracting(Finding::message)
                .isEqualTo("config.json declares group_size 64, the tensors have 128 in 28 modules, first"
                        + " model.layers.0.mlp.down_proj");
        assertThat(weights(broken)).isEqualTo(weights(HEALTHY));
    }

    @Test
    void anotherNumberOfBits() {
        Path broken = configured("bits", config -> config.put("bits", 8));
        assertThat(errors(broken)).singleElement().returns("bits-disagree", Finding::id);
        assertThat(weights(broken)).isEqualTo(weights(HEALTHY));
    }

    @Test
    void symmetricZeroPointsShowTheirFormat() {
        Path broken = configured("v2", config -> config.put("checkpoint_format", "gptq_v2"));
        assertThat(errors(broken)).hasSize(28).allMatch(finding -> finding.id().equals("zero-point-format-disagrees"));
        assertThat(weights(broken)).isEqualTo(weights(HEALTHY));
        Path other = Corruptor.of(Fixtures.path("quantized/gptq-dynamic"))
                .named("v1")
                .editConfig(config -> quantization(config).put("checkpoint_format", "gptq"))
                .into(folder);
        assertThat(errors(other)).extracting(Finding::id).containsOnly("zero-point-format-disagrees");
    }

    @Test
    void anotherMethod() {
        Path broken = configured("awq", config -> config.put("quant_method", "awq"));
        assertThat(errors(broken)).extracting(Finding::id).contains("quantization-method-disagrees");
        assertThat(weights(broken)).isEqualTo(weights(HEALTHY));
    }

    /** transformers 5.24 on "GPTQ": "Unknown quantization type, got GPTQ … Hence, we will skip the quantization". */
    @Test
    void aMethodThatIsWrittenInCapitals() {
        Path broken = configured("capitals", config -> config.put("quant_method", "GPTQ"));
        assertThat(errors(broken))
                .singleElement()
                .returns("quantization-method-misspelled", Finding::id)
                .extracting(Finding::message)
                .isEqualTo(
                        "config.json declares quant_method \"GPTQ\", and transformers knows only \"gptq\": it warns of an"
                                + " unknown quantization type, skips the quantization and initializes the weights of 28 modules"
                                + " at random; vLLM reads it in lower case");
        assertThat(weights(broken)).isEqualTo(weights(HEALTHY));
        assertThat(errors(HEALTHY)).isEmpty();
    }

    /** Of bitsandbytes transformers reads the flag, whatever the method is called. */
    @Test
    void theFlagsOfBitsAndBytesGoOverTheMethod() {
        Path flagged = Corruptor.of(Fixtures.path("quantized/bnb-nf4"))
                .named("flagged")
                .editConfig(config -> quantization(config).put("quant_method", "BitsAndBytes"))
                .into(folder);
        assertThat(errors(flagged)).isEmpty();
    }

    /** The scales of the vector layouts are padded, and a smaller group's would be padded wider. */
    @ParameterizedTest
    @CsvSource({"awq-gemv-g64, 32, 64", "awq-gemv-g64, 128, 64", "awq-gemv-fast-g128, 64, 128"})
    void anotherGroupSizeThanThePaddedScalesHave(String fixture, long declared, long stored) {
        Path broken = Corruptor.of(Fixtures.path("quantized/" + fixture))
                .named("padded")
                .editConfig(config -> quantization(config).put("group_size", declared))
                .into(folder);
        assertThat(errors(broken))
                .singleElement()
                .returns("group-size-disagrees", Finding::id)
                .satisfies(finding -> assertThat(finding.message())
                        .startsWith("config.json declares group_size " + declared + ", the tensors have " + stored));
        assertThat(weights(broken)).isEqualTo(weights(Fixtures.path("quantized/" + fixture)));
        assertThat(errors(Fixtures.path("quantized/" + fixture))).isEmpty();
    }

    @Test
    void twoFilesThatDeclareDifferently() {
        Path broken = Corruptor.of(HEALTHY)
                .named("two")
                .writeFile("quantize_config.json", "{\"bits\": 8, \"group_size\": 128, \"sym\": true}")
                .into(folder);
        assertThat(Inspection.of(broken).findings())
                .filteredOn(finding -> finding.severity() == Finding.Severity.WARNING)
                .singleElement()
                .returns("quantization-configs-disagree", Finding::id)
                .returns("quantize_config.json", Finding::subject);
    }

    @Test
    void healthyOnesAgree() {
        assertThat(Inspection.of(HEALTHY).findings()).allMatch(finding -> finding.severity() == Finding.Severity.INFO);
    }

    private Path configured(String name, Consumer<ObjectNode> change) {
        return Corruptor.of(HEALTHY)
                .named(name)
                .editConfig(config -> change.accept(quantization(config)))
                .into(folder);
    }

    private static ObjectNode quantization(ObjectNode config) {
        return (ObjectNode) config.get("quantization_config");
    }

    private static List<Finding> errors(Path artifact) {
        return Inspection.of(artifact).findings().stream()
                .filter(finding -> finding.severity() == Finding.Severity.ERROR)
                .toList();
    }

    /** What is decoded, and by which reading. */
    private static List<Codec> weights(Path artifact) {
        try (Checkpoint checkpoint = Checkpoint.open(artifact)) {
            return StoredQuantization.of(checkpoint, Architectures.find(checkpoint.config()))
                    .weights()
                    .values()
                    .stream()
                    .map(PackedWeight::codec)
                    .toList();
        }
    }
}
