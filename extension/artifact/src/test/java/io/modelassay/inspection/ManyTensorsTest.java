package io.modelassay.inspection;

import static org.assertj.core.api.Assertions.assertThat;

import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Finding;
import io.modelassay.truth.SmallCheckpoint;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Headers of far more tensors than a model has: four times the tensors take four times as long, not sixteen. */
class ManyTensorsTest {
    private static final String CONFIG = """
            {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 64, "intermediate_size": 128,
             "num_hidden_layers": 400, "num_attention_heads": 4, "vocab_size": 256, "rms_norm_eps": 1e-5,
             "dtype": "bfloat16"}""";

    private enum Names {
        FLAT(i -> "w" + i),
        EACH_ITS_PREFIX(i -> "t" + i + ".weight"),
        RENAMED(i -> "wrapper.model.layers." + i / 9 + ".mlp.part" + i % 9 + ".weight"),
        EXPERTS(i -> "model.layers." + i / 100 + ".mlp.experts." + i % 100 + ".up_proj.weight"),
        PACKED(i -> "model.layers." + i / 4 + ".mlp.up_proj."
                + List.of("qweight", "qzeros", "scales", "g_idx").get(i % 4));

        private final IntFunction<String> name;

        Names(IntFunction<String> name) {
            this.name = name;
        }
    }

    @TempDir
    private Path folder;

    private Path checkpoint(Names names, int count) {
        SmallCheckpoint checkpoint = new SmallCheckpoint(CONFIG);
        IntStream.range(0, count).forEach(i -> checkpoint.tensor(names.name.apply(i), 1, 1));
        return checkpoint.into(folder.resolve(names + "-" + count));
    }

    private static long nanoseconds(Path folder) {
        try (Checkpoint checkpoint = Checkpoint.open(folder)) {
            long begin = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
            assertThat(Inspection.of(checkpoint).precision()).isNotEmpty();
            return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() - begin;
        }
    }

    @ParameterizedTest
    @EnumSource
    void timeGrowsAsTheHeaderDoes(Names names) {
        Path few = checkpoint(names, 10_000);
        Path many = checkpoint(names, 40_000);
        nanoseconds(few);
        assertThat((double) nanoseconds(many)).isLessThan(10.0 * Math.max(50_000_000, nanoseconds(few)));
    }

    /** Each of them would be a finding of its own. */
    @Test
    void namesOfTooManyKindsAreOneFinding() {
        List<Finding> findings = Inspection.of(checkpoint(Names.FLAT, 1_000)).findings().stream()
                .filter(finding -> finding.id().equals("unexpected-tensor"))
                .toList();
        assertThat(findings).hasSize(251);
        assertThat(findings.get(250).subject()).isEqualTo("*");
        assertThat(findings.get(250).message()).contains("these tensors, 750, first w", "no place for them");
        assertThat(Inspection.of(checkpoint(Names.FLAT, 250)).findings())
                .extracting(Finding::subject)
                .contains("w0", "w249")
                .doesNotContain("*");
    }
}
