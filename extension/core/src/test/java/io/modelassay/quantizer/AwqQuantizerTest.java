package io.modelassay.quantizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Finding;
import io.modelassay.fixtures.Corruptor;
import io.modelassay.fixtures.Fixtures;
import io.modelassay.quantization.Quantization;
import io.modelassay.runtime.DType;
import io.modelassay.runtime.Device;
import io.modelassay.runtime.Progress;
import io.modelassay.truth.Truths;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What AWQ leaves behind, and what it refuses. */
class AwqQuantizerTest {
    private static final String LAYER = "model.layers.1.";

    @TempDir
    Path folder;

    private Path out;

    @BeforeEach
    void chooseOutput() {
        out = folder.resolve("out");
    }

    @Test
    void aRunThatWasKilledGoesOnToTheSameArtifact() {
        Quantization awq = Quantization.awq(4, 64);
        assertThatThrownBy(() -> quantizer("tiny-qwen2", awq)
                        .reporting((what, done, all) -> {
                            if (what.equals("layers") && done == 2) {
                                throw new IllegalStateException("killed");
                            }
                        })
                        .into(out))
                .hasMessage("killed");
        QuantizationReport resumed = quantizer("tiny-qwen2", awq).resuming().into(out);
        assertThat(resumed.resumed()).isEqualTo(2);
        Path whole = folder.resolve("whole");
        QuantizationReport once = quantizer("tiny-qwen2", awq).into(whole);
        assertThat(resumed.modules()).isEqualTo(once.modules());
        assertThat(tensors(out)).isEqualTo(tensors(whole));
    }

    @Test
    void normsAndBiasesTakeUpTheScales() {
        quantizer("tiny-qwen2", Quantization.awq(4, 128)).into(out);
        try (Checkpoint before = Checkpoint.open(Fixtures.path("tiny-qwen2"));
                Checkpoint after = Checkpoint.open(out)) {
            String norm = LAYER + "input_layernorm.weight";
            assertThat(Truths.floats(after, norm)).isNotEqualTo(Truths.floats(before, norm));
            assertThat(after.tensor(norm).type()).isEqualTo(before.tensor(norm).type());
            // v_proj feeds o_proj two heads to four, so nothing divides its bias.
            String bias = LAYER + "self_attn.v_proj.bias";
            assertThat(Truths.bytes(after, bias)).isEqualTo(Truths.bytes(before, bias));
        }
    }

    @Test
    void aModuleKeptAmongThoseOfOneInputIsAnErrorUnlessAllowed() {
        Quantization awq = Quantization.awq(4, 128).keep(LAYER + "self_attn.k_proj");
        assertThatThrownBy(() -> quantizer("tiny-qwen2", awq).into(out))
                .isInstanceOf(QuantizerException.class)
                .hasMessage("Module " + LAYER + "self_attn.q_proj cannot be quantized: its inputs cannot be scaled: "
                        + LAYER
                        + "self_attn.k_proj takes the same input and stays as it is"
                        + "\nTry: keep all modules of one input, or none; or allow the fallback UNSCALED");
        QuantizationReport report =
                quantizer("tiny-qwen2", awq).allowing(Fallback.UNSCALED).into(folder.resolve("allowed"));
        assertThat(report.fallbacks())
                .extracting(ModuleReport::module)
                .containsExactly(LAYER + "self_attn.q_proj", LAYER + "self_attn.v_proj");
        assertThat(report.findings())
                .filteredOn(finding -> finding.id().equals("quantizer-fallback"))
                .extracting(Finding::severity)
                .containsOnly(Finding.Severity.WARNING)
                .hasSize(2);
        try (Checkpoint before = Checkpoint.open(Fixtures.path("tiny-qwen2"));
                Checkpoint after = Checkpoint.open(folder.resolve("allowed"))) {
            String norm = LAYER + "input_layernorm.weight";
            assertThat(Truths.bytes(after, norm)).isEqualTo(Truths.bytes(before, norm));
        }
    }

    @Test
    void modulesKeptWithAllOfTheirInputNeedNoFallback() {
        Quantization awq = Quantization.awq(4, 128).keep(LAYER + "self_attn", LAYER + "mlp.down_proj");
        QuantizationReport report = quantizer("tiny-qwen2", awq).into(out);
        assertThat(report.fallbacks()).isEmpty();
        try (Checkpoint before = Checkpoint.open(Fixtures.path("tiny-qwen2"));
                Checkpoint after = Checkpoint.open(out)) {
            for (String name : new String[] {
                "input_layernorm.weight", "self_attn.q_proj.weight", "mlp.down_proj.weight", "self_attn.v_proj.bias"
            }) {
                assertThat(Truths.bytes(after, LAYER + name)).isEqualTo(Truths.bytes(before, LAYER + name));
            }
        }
    }

    @Test
    void valuesThatAreNotFiniteAreNamedAndNoScaleIsMadeUp() {
        Path inputs = Corruptor.of(Fixtures.path("tiny-qwen2"))
                .setInfinity(LAYER + "input_layernorm.weight", 3)
                .into(folder);
        assertThatThrownBy(() -> quantizer(inputs, Quantization.awq(4, 128)).into(out))
                .isInstanceOf(QuantizerException.class)
                .hasMessageContaining("its inputs over the calibration are not finite");
        Path weights = Corruptor.of(Fixtures.path("tiny-qwen2"))
                .named("weights")
                .setNaN(LAYER + "mlp.down_proj.weight", 3)
                .into(folder);
        assertThatThrownBy(() -> quantizer(weights, Quantization.awq(4, 128)).into(out.resolveSibling("second")))
                .isInstanceOf(QuantizerException.class)
                .hasMessageContaining("no ratio leaves a finite error of the output");
    }

    @Test
    void aChannelOfZerosAndAGroupOfZerosAreHealthy() {
        Path zeros = Corruptor.of(Fixtures.path("tiny-qwen2"))
                .setValue(LAYER + "input_layernorm.weight", 3, 0)
                .fill(LAYER + "mlp.up_proj.weight", 0)
                .into(folder);
        assertThat(quantizer(zeros, Quantization.awq(4, 128)).into(out).fallbacks())
                .isEmpty();
    }

    private static ModelQuantizer quantizer(String model, Quantization quantization) {
        return quantizer(Fixtures.path(model), quantization);
    }

    private static ModelQuantizer quantizer(Path model, Quantization quantization) {
        return ModelQuantizer.of(
                        Checkpoint.open(model),
                        quantization,
                        AwqPerplexityTest.calibration("tiny-qwen2").first(2))
                .on(Device.CPU)
                .computingIn(DType.FP32)
                .reporting(Progress.SILENT);
    }

    private static Map<String, Integer> tensors(Path model) {
        Map<String, Integer> hashes = new TreeMap<>();
        try (Checkpoint checkpoint = Checkpoint.open(model)) {
            checkpoint
                    .tensors()
                    .keySet()
                    .forEach(name -> hashes.put(name, Arrays.hashCode(Truths.bytes(checkpoint, name))));
        }
        return hashes;
    }
}
