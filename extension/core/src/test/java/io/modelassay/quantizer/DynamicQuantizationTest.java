package io.modelassay.quantizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.modelassay.architecture.Architectures;
import io.modelassay.architecture.ModelPlan;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.fixtures.Fixtures;
import io.modelassay.inspection.Inspection;
import io.modelassay.quantization.Quantization;
import io.modelassay.quantization.QuantizationPlan;
import io.modelassay.quantization.StorageFormat;
import io.modelassay.quantization.StoredQuantization;
import io.modelassay.runtime.DType;
import io.modelassay.runtime.Kernels;
import io.modelassay.runtime.Progress;
import io.modelassay.runtime.StagedDecoder;
import io.modelassay.runtime.StoredWeights;
import io.modelassay.runtime.Tensor;
import io.modelassay.truth.OpenModel;
import io.modelassay.truth.Truths;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Modules with settings of their own, and the head: what is written, what cannot be, and runs that are cut off. */
class DynamicQuantizationTest {
    /** In another order than the alphabet's. */
    private static final String[] RULES = {
        "model\\..*\\.down_proj$=bits:8,group_size:64",
        "+:.*\\.layers\\.1\\.=bits:3,group_size:32,sym:false",
        "-:.*\\.o_proj$"
    };

    private static final Calibration CALIBRATION = Calibration.read(
                    Fixtures.path("truths/quantizers/calibration-bos.json"))
            .first(2);

    @TempDir
    private Path temp;

    @Test
    void everyModuleIsStoredByItsOwnSettings() throws IOException {
        for (Quantization base : new Quantization[] {Quantization.rtn(4, 128), Quantization.gptq(4, 128)}) {
            Path out = temp.resolve(base.method().name());
            Quantization quantization = base.dynamic(RULES).withHead();
            QuantizationReport report = write("tiny-llama", quantization, "gptq_v2", out);
            assertThat(report.modules()).hasSize(25).allSatisfy(module -> {
                Quantization own = quantization.forModule(module.module()).orElseThrow();
                assertThat(module.bits()).isEqualTo(own.bits());
                assertThat(module.groupSize()).isEqualTo(own.groupSize());
            });
            assertThat(Inspection.of(out).findings()).isEmpty();
            try (Checkpoint source = Checkpoint.open(Fixtures.path("tiny-llama"));
                    Checkpoint written = Checkpoint.open(out)) {
                ModelPlan plan = Architectures.require(written.config());
                assertThat(StoredQuantization.of(written, Optional.of(plan)).formats())
                        .isEqualTo(Map.of(
                                new StorageFormat("gptq", "gptq_v2", 8, 64, true), 4L,
                                new StorageFormat("gptq", "gptq_v2", 3, 32, false), 5L,
                                new StorageFormat("gptq", "gptq_v2", 4, 128, true), 15L,
                                new StorageFormat("gptq", "gptq_v2", 8, 32, true), 1L));
                String kept = "model.layers.1.self_attn.o_proj.weight";
                assertThat(Truths.bytes(written, kept)).isEqualTo(Truths.bytes(source, kept));
                assertThat(written.find("lm_head.weight")).isEmpty();
            }
        }
    }

    @Test
    void theConfigIsThatOfGptqModel() throws IOException {
        Path out = temp.resolve("out");
        write(
                "tiny-llama",
                Quantization.gptq(4, 128).dynamic(RULES).withHead().keep("model.layers.0.mlp"),
                "gptq_v2",
                out);
        JsonNode config =
                new ObjectMapper().readTree(out.resolve("quantize_config.json").toFile());
        assertThat(config.path("lm_head").booleanValue()).isTrue();
        assertThat(config.path("dynamic").toString())
                .isEqualTo("{\"-:^model\\\\.layers\\\\.0\\\\.mlp\\\\.down_proj$\":{},"
                        + "\"-:^model\\\\.layers\\\\.0\\\\.mlp\\\\.gate_proj$\":{},"
                        + "\"-:^model\\\\.layers\\\\.0\\\\.mlp\\\\.up_proj$\":{},"
                        + "\"-:.*\\\\.o_proj$\":{},"
                        + "\"model\\\\..*\\\\.down_proj$\":{\"bits\":8,\"group_size\":64},"
                        + "\"+:.*\\\\.layers\\\\.1\\\\.\":{\"bits\":3,\"group_size\":32,\"sym\":false},"
                        + "\"lm_head\":{\"bits\":8,\"group_size\":32,\"sym\":true,\"desc_act\":false,\"mse\":2.4}}");
        assertThat(new ObjectMapper()
                        .readTree(out.resolve("config.json").toFile())
                        .path("quantization_config"))
                .isEqualTo(config);
    }

    @Test
    void formatsRefuseWhatTheyCannotHold() {
        Quantization ruled = Quantization.rtn(4, 128).dynamic(".*down_proj=bits:8");
        Quantization head = Quantization.rtn(4, 128).withHead();
        for (String format : new String[] {"awq", "pack-quantized"}) {
            assertRefused(ruled, format, "one grid for all modules and no quantized head; gptq_v2 holds");
            assertRefused(head, format, "one grid for all modules and no quantized head; gptq_v2 holds");
        }
        assertRefused(ruled, "gptq", "has no sound form for the zero points of modules with other bits");
        assertRefused(Quantization.rtn(3, 128), "gptq", "has no sound form for 3-bit zero points");
        assertRefused(head, "gptq", "has no sound form for the zero points of modules with other bits");
        assertRefused(
                Quantization.rtn(4, 128).dynamic(".*down_proj=sym:false"), "gptq", "has no sound form for zero points");
    }

    private void assertRefused(Quantization quantization, String format, String why) {
        assertThatThrownBy(() -> write("tiny-llama", quantization, format, temp.resolve(format)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("The format " + format + " cannot hold ")
                .hasMessageContaining(why);
    }

    @Test
    void formatsTakeRulesThatChangeNoGridThatTheyStore() throws IOException {
        Quantization leavesOut = Quantization.rtn(4, 64).dynamic("-:.*\\.o_proj$", "-:lm_head");
        for (String format : new String[] {"awq", "pack-quantized", "gptq"}) {
            assertThat(write("tiny-llama", leavesOut, format, temp.resolve(format))
                            .modules())
                    .hasSize(24);
            assertThat(Inspection.of(temp.resolve(format)).findings()).isEmpty();
        }
        Quantization sameBits = Quantization.rtn(4, 64)
                .dynamic("lm_head=group_size:32", ".*mlp=group_size:-1")
                .withHead();
        assertThat(write("tiny-llama", sameBits, "gptq", temp.resolve("head")).modules())
                .hasSize(29);
        assertThat(Inspection.of(temp.resolve("head")).findings()).isEmpty();
    }

    /** 640 inputs in groups of 256: the last is short, which the layout holds; pack-quantized and awq have none such. */
    @Test
    void groupsThatDoNotDivideEndInAShortOne() throws IOException {
        Path out = temp.resolve("out");
        Quantization ragged = Quantization.gptq(4, 128).dynamic("+:.*\\.down_proj$=group_size:256");
        assertThat(write("tiny-qwen2", ragged, "gptq_v2", out).modules())
                .filteredOn(module -> module.groupSize() == 256)
                .hasSize(4);
        assertThat(Inspection.of(out).findings()).isEmpty();
        try (Checkpoint written = Checkpoint.open(out)) {
            assertThat(written.tensor("model.layers.0.mlp.down_proj.scales")
                            .shape()
                            .dimension(0))
                    .isEqualTo(3);
        }
        assertThatThrownBy(() -> write(
                        "tiny-qwen2", Quantization.rtn(4, 256).keep("*.up_proj"), "pack-quantized", temp.resolve("p")))
                .hasMessageContaining("cannot hold model.layers.0.mlp.down_proj");
    }

    @Test
    void aRunThatWasCutOffBeforeTheHeadGoesOnToTheSameBytes() throws IOException {
        Quantization quantization = Quantization.gptq(4, 128).dynamic(RULES).withHead();
        QuantizationReport whole = write("tiny-llama", quantization, "gptq_v2", temp.resolve("whole"));
        Path cut = temp.resolve("cut");
        try (Checkpoint source = Checkpoint.open(Fixtures.path("tiny-llama"))) {
            assertThatThrownBy(() -> ModelQuantizer.of(source, quantization, CALIBRATION)
                            .reporting((task, done, total) -> {
                                if (done == 4) {
                                    throw new IllegalStateException("killed");
                                }
                            })
                            .into(cut))
                    .hasMessage("killed");
            assertThatThrownBy(() -> ModelQuantizer.of(
                                    source, Quantization.gptq(4, 128).dynamic(RULES), CALIBRATION)
                            .resuming()
                            .into(cut))
                    .hasMessageContaining("is of other weights, settings or calibration")
                    .hasMessageContaining("dynamic -:.*\\.o_proj$ model\\..*\\.down_proj$=bits:8,group_size:64");
            QuantizationReport resumed = ModelQuantizer.of(source, quantization, CALIBRATION)
                    .resuming()
                    .into(cut);
            assertThat(resumed.resumed()).isEqualTo(4);
            assertThat(resumed.modules()).isEqualTo(whole.modules());
        }
        assertThat(cut.resolve("model.safetensors")).hasSameBinaryContentAs(temp.resolve("whole/model.safetensors"));
    }

    /** Blocks of 96 rows, and so a short last one of 32, against the head in one. */
    @Test
    void theHeadInBlocksOfRowsIsTheHead() {
        Quantization quantization = Quantization.gptq(4, 128).withHead();
        try (LayerResult whole = head(quantization, RowBlocks.VALUES);
                LayerResult blocks = head(quantization, 96 * 256)) {
            Kernels conversions = Kernels.conversions(OpenModel.engine());
            assertThat(blocks.tensors().keySet())
                    .isEqualTo(whole.tensors().keySet())
                    .isEqualTo(Set.of("lm_head.codes", "lm_head.scales", "lm_head.zeros", "lm_head.g_idx"));
            ByteBuffer one = conversions.bytes(part(whole, "codes"));
            ByteBuffer other = conversions.bytes(part(blocks, "codes"));
            int different = 0;
            for (int i = 0; i < one.limit(); i++) {
                different += one.get(i) == other.get(i) ? 0 : 1;
            }
            // Products of other shapes are summed in another order.
            assertThat(different).isLessThan(one.limit() / 10_000);
            double loss = whole.reports().get(0).loss();
            assertThat(loss).isPositive();
            assertThat(blocks.reports().get(0).loss()).isBetween(loss * 0.999, loss * 1.001);
            assertThat(blocks.reports().get(0).tokens()).isEqualTo(CALIBRATION.tokens());
        }
    }

    private static Tensor part(LayerResult result, String name) {
        return Objects.requireNonNull(result.tensors().get("lm_head." + name));
    }

    private static LayerResult head(Quantization quantization, long values) {
        try (Checkpoint source = Checkpoint.open(Fixtures.path("tiny-llama"));
                GptqQuantizer quantizer = new GptqQuantizer(Set.of(), OpenModel.engine(), values)) {
            ModelPlan plan = Architectures.require(source.config());
            LayerResult result = new LayerResult("lm_head", QuantizationPlan.of(quantization, plan));
            StoredWeights weights = new StoredWeights(
                    source, Architectures.require(source.config()), Kernels.conversions(OpenModel.engine()));
            new StagedDecoder(OpenModel.engine(), plan, weights, DType.FP32)
                    .run(
                            CALIBRATION.windows(),
                            1L << 30,
                            new StagedDecoder.Work() {
                                @Override
                                public void at(StagedDecoder.Stage stage) {}

                                @Override
                                public void at(StagedDecoder.Head head) {
                                    quantizer.quantize(head, result);
                                }
                            },
                            Progress.SILENT);
            return result;
        }
    }

    private static QuantizationReport write(String name, Quantization quantization, String format, Path out) {
        try (Checkpoint source = Checkpoint.open(Fixtures.path(name))) {
            return ModelQuantizer.of(
                            source, quantization, quantization.needsCalibration() ? CALIBRATION : Calibration.NONE)
                    .format(format)
                    .into(out);
        }
    }
}
