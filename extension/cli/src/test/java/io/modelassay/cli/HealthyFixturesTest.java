package io.modelassay.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.fixtures.Fixtures;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Artifacts of the real libraries get no finding above info, but for what is right by design. */
class HealthyFixturesTest {
    private static final Set<String> REFERENCES = Set.of("llama", "mistral", "qwen2", "qwen3");

    /** What these fixtures were made to show. */
    private static final Map<String, Set<String>> BY_DESIGN = Map.of(
            "ct-pack-int4-g32-asym", Set.of("packed-zero-points"),
            "gptq-dynamic-v1-zeros", Set.of("zero-points-of-gptqmodel-only"),
            "gptq-int3-v1-zeros", Set.of("zero-points-of-gptqmodel-only"),
            "gpt-oss-mxfp4", Set.of("unknown-model-type"),
            "gptq-int3-g128", Set.of("quantized-module-unpacked"),
            "gptq-zero-bias", Set.of("quantized-module-unpacked"),
            "gptq-v1-carry-bug", Set.of("quantized-module-unpacked", "weights-shifted", "zero-point-carry"));

    @ParameterizedTest
    @ValueSource(
            strings = {
                "awq-gemm-g128",
                "awq-gemm-g64",
                "awq-gemv-fast-g128",
                "awq-gemv-g64",
                "bnb-fp4-bf16-storage",
                "bnb-int8",
                "bnb-nf4",
                "bnb-nf4-double",
                "ct-fp8-block",
                "ct-fp8-channel",
                "ct-int8-channel",
                "ct-mxfp4",
                "ct-nvfp4",
                "ct-pack-int3-dense",
                "ct-pack-int3-old",
                "ct-pack-int4-actorder-group",
                "ct-pack-int4-g128",
                "ct-pack-int4-g32-asym",
                "fbgemm-fp8",
                "fp8-block",
                "fp8-tensor",
                "gpt-oss-mxfp4",
                "gptq-dynamic",
                "gptq-dynamic-v1-zeros",
                "gptq-int2-g32",
                "gptq-int3-g128",
                "gptq-int3-v1-zeros",
                "gptq-int4-g128",
                "gptq-int4-g32-actorder",
                "gptq-int8-channel",
                "gptq-lm-head",
                "gptq-ragged",
                "gptq-v1-carry-bug",
                "gptq-v1-int4-g64-asym",
                "gptq-v2-int4-g64-asym",
                "gptq-zero-bias",
                "hqq-int2",
                "hqq-int3",
                "hqq-int4-axis0",
                "hqq-int4-g64",
                "hqq-int8",
                "modelopt-nvfp4",
                "unsloth-dynamic-nf4"
            })
    void quantized(String fixture) {
        Path artifact = Fixtures.path("quantized/" + fixture);
        Set<String> found = new TreeSet<>();
        found.addAll(CommandRun.of("inspect", artifact, "--json").aboveInfo());
        found.addAll(CommandRun.of("scan", artifact, "--json").aboveInfo());
        String type;
        try (Checkpoint checkpoint = Checkpoint.open(artifact)) {
            type = checkpoint.config().modelType().orElseThrow();
        }
        if (REFERENCES.contains(type)) {
            found.addAll(CommandRun.of("inspect", artifact, "--reference", Fixtures.path("tiny-" + type), "--json")
                    .aboveInfo());
        }
        assertThat(found).isEqualTo(new TreeSet<>(BY_DESIGN.getOrDefault(fixture, Set.of())));
    }

    @ParameterizedTest
    @ValueSource(strings = {"tiny-llama", "tiny-mistral", "tiny-qwen2", "tiny-qwen3"})
    void unquantized(String fixture) {
        Path artifact = Fixtures.path(fixture);
        assertThat(CommandRun.of("inspect", artifact, "--reference", artifact, "--json")
                        .aboveInfo())
                .isEmpty();
        assertThat(CommandRun.of("scan", artifact, "--json").aboveInfo()).isEmpty();
    }
}
