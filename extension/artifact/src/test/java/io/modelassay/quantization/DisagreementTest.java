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
