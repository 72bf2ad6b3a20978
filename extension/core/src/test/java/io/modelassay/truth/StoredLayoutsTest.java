package io.modelassay.truth;

import static org.assertj.core.api.Assertions.assertThat;

import io.modelassay.ModelAssay;
import io.modelassay.ModelUnderTest;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Finding.Severity;
import io.modelassay.diagnosis.Diagnosis;
import io.modelassay.fixtures.Corruptor;
import io.modelassay.fixtures.Fixtures;
import io.modelassay.inspection.Inspection;
import io.modelassay.quantization.Quantization;
import io.modelassay.quantizer.Calibration;
import io.modelassay.quantizer.ModelQuantizer;
import io.modelassay.runtime.Device;
import io.modelassay.runtime.Progress;
import io.modelassay.values.DecodedScan;
import java.nio.file.Path;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Files whose names differ from the architecture's and that transformers loads all the same: every verb reads them. */
class StoredLayoutsTest {
    private static final int[] TOKENS = {1, 17, 42, 99, 7, 250, 3, 64, 128, 11, 5, 300};

    @TempDir
    private Path temp;

    enum Layout {
        WITHOUT_PREFIX("tiny-llama", copy -> copy.renameTensors("model\\.(.*)", "$1")),
        WITH_ONE_PREFIX_MORE("tiny-llama", copy -> copy.renameTensors("(.*)", "model.$1")),
        TIED_WITHOUT_PREFIX("tiny-qwen2", copy -> copy.renameTensors("model\\.(.*)", "$1")),
        TIED_WITH_ONLY_THE_HEAD("tiny-qwen2", copy -> copy.renameTensor("model.embed_tokens.weight", "lm_head.weight")),
        PACKED_WITHOUT_PREFIX("quantized/gptq-int4-g128", copy -> copy.renameTensors("model\\.(.*)", "$1")),
        BITS_AND_BYTES_WITHOUT_PREFIX("quantized/bnb-nf4", copy -> copy.renameTensors("model\\.(.*)", "$1"));

        private final String healthy;
        private final UnaryOperator<Corruptor> change;

        Layout(String healthy, UnaryOperator<Corruptor> change) {
            this.healthy = healthy;
            this.change = change;
        }

        Path healthy() {
            return Fixtures.path(healthy);
        }

        Path into(Path parent) {
            return change.apply(Corruptor.of(healthy())).into(parent);
        }
    }

    @ParameterizedTest
    @EnumSource(Layout.class)
    void computesTheSameLogits(Layout layout) {
        assertThat(logits(layout.into(temp))).isDeepEqualTo(logits(layout.healthy()));
    }

    private static float[][] logits(Path folder) {
        try (ModelUnderTest model = ModelAssay.open(folder).load()) {
            return model.logits(TOKENS);
        }
    }

    @ParameterizedTest
    @EnumSource(Layout.class)
    void isInspectedWithoutAnError(Layout layout) {
        Inspection inspection = Inspection.of(layout.into(temp));
        assertThat(inspection.loadReport().orElseThrow().isClean()).isTrue();
        assertThat(inspection.findings())
                .filteredOn(finding -> finding.severity() == Severity.ERROR)
                .isEmpty();
    }

    @ParameterizedTest
    @EnumSource(
            value = Layout.class,
            names = {"WITHOUT_PREFIX", "TIED_WITH_ONLY_THE_HEAD", "PACKED_WITHOUT_PREFIX"})
    void isDiagnosedAndScannedAlike(Layout layout) {
        try (Checkpoint healthy = Checkpoint.open(layout.healthy());
                Checkpoint moved = Checkpoint.open(layout.into(temp))) {
            assertThat(diagnosis(moved).passes()).isEqualTo(diagnosis(healthy).passes());
            assertThat(DecodedScan.of(moved, Progress.SILENT).tensors())
                    .hasSameSizeAs(DecodedScan.of(healthy, Progress.SILENT).tensors());
            assertThat(DecodedScan.of(moved, Progress.SILENT).findings())
                    .hasSameSizeAs(DecodedScan.of(healthy, Progress.SILENT).findings());
        }
    }

    private static Diagnosis diagnosis(Checkpoint checkpoint) {
        return Diagnosis.of(checkpoint, calibration(), Device.CPU, Progress.SILENT);
    }

    private static Calibration calibration() {
        return new Calibration("tokens", List.of(TOKENS));
    }

    @ParameterizedTest
    @EnumSource(
            value = Layout.class,
            names = {"WITHOUT_PREFIX", "TIED_WITH_ONLY_THE_HEAD"})
    void isQuantizedWithAndWithoutInputsAndLoadsAgain(Layout layout) {
        Path moved = layout.into(temp);
        for (Quantization method : List.of(Quantization.rtn(4, 64), Quantization.gptq(4, 128))) {
            String name = method.method().name();
            Path expected = quantize(layout.healthy(), method, temp.resolve("healthy-" + name));
            Path actual = quantize(moved, method, temp.resolve("moved-" + name));
            assertThat(Inspection.of(actual).findings())
                    .filteredOn(finding -> finding.severity() == Severity.ERROR)
                    .isEmpty();
            assertThat(logits(actual)).as(name).isDeepEqualTo(logits(expected));
        }
    }

    private static Path quantize(Path folder, Quantization method, Path out) {
        try (Checkpoint checkpoint = Checkpoint.open(folder)) {
            ModelQuantizer.of(checkpoint, method, calibration()).on(Device.CPU).into(out);
            return out;
        }
    }
}
