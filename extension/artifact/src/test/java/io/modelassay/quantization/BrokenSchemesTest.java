package io.modelassay.quantization;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.modelassay.architecture.Architectures;
import io.modelassay.architecture.LoadReport;
import io.modelassay.architecture.ModelPlan;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.Finding.Severity;
import io.modelassay.fixtures.Corruptor;
import io.modelassay.fixtures.Fixtures;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is told of stored quantizations that are not as their tools write them. */
class BrokenSchemesTest {
    private static final String MODULE = "model.layers.0.self_attn.k_proj";

    @TempDir
    Path folder;

    private static Corruptor variant(String name) {
        return Corruptor.of(Fixtures.path("quantized/" + name));
    }

    private StoredQuantization read(Corruptor broken) {
        try (Checkpoint checkpoint = Checkpoint.open(broken.into(folder))) {
            return StoredQuantization.of(checkpoint, Architectures.find(checkpoint.config()));
        }
    }

    private static List<Finding> findings(StoredQuantization stored, String id) {
        return stored.findings().stream()
                .filter(finding -> finding.id().equals(id))
                .toList();
    }

    private static ObjectNode quantization(ObjectNode config) {
        return (ObjectNode) config.get("quantization_config");
    }

    private static void assertUnread(StoredQuantization stored) {
        assertThat(stored.modules()).contains(MODULE);
        assertThat(stored.find(MODULE + ".weight")).isEmpty();
    }

    @ParameterizedTest(name = "{0} without {1}")
    @CsvSource({
        "bnb-nf4, weight.absmax",
        "bnb-nf4, weight.quant_map",
        "bnb-nf4, weight.quant_state.bitsandbytes__nf4",
        "bnb-nf4, weight",
        "bnb-nf4-double, weight.nested_absmax",
        "bnb-nf4-double, weight.nested_quant_map",
        "bnb-int8, SCB",
        "bnb-int8, weight",
        "ct-fp8-channel, weight",
        "fp8-block, weight",
        "fp8-tensor, weight",
        "fbgemm-fp8, weight",
        "ct-pack-int4-g128, weight_packed",
        "ct-pack-int4-g128, weight_scale",
        "ct-pack-int4-g128, weight_shape",
        "ct-pack-int4-g32-asym, weight_zero_point",
        "ct-nvfp4, weight_packed",
        "ct-nvfp4, weight_scale",
        "ct-nvfp4, weight_global_scale",
        "modelopt-nvfp4, weight",
        "modelopt-nvfp4, weight_scale",
        "modelopt-nvfp4, weight_scale_2",
        "ct-mxfp4, weight_packed",
        "ct-mxfp4, weight_scale",
        "hqq-int4-g64, W_q",
        "hqq-int4-g64, scale",
        "hqq-int4-g64, zero",
        "hqq-int4-g64, nbits",
        "hqq-int4-g64, packing",
        "hqq-int4-g64, shape"
    })
    void aMissingPartIsNamed(String variant, String part) {
        StoredQuantization stored = read(variant(variant).removeTensor(MODULE + "." + part));
        assertThat(stored.missing()).containsExactly(MODULE + "." + part);
        assertUnread(stored);
    }

    @ParameterizedTest(name = "{0} without {1}")
    @CsvSource({"ct-fp8-channel, weight_scale", "ct-int8-channel, weight_scale", "fp8-block, weight_scale_inv"})
    void aMissingScaleIsNamedAlthoughItWasTheMark(String variant, String part) {
        assertThat(read(variant(variant).removeTensor(MODULE + "." + part)).missing())
                .containsExactly(MODULE + "." + part);
    }

    @ParameterizedTest(name = "{0} {1}")
    @CsvSource({
        "bnb-nf4, weight.absmax, F32",
        "bnb-nf4, weight.quant_map, F32",
        "bnb-nf4, weight, U8",
        "bnb-nf4-double, weight.nested_absmax, F32",
        "bnb-int8, SCB, F32",
        "ct-fp8-channel, weight_scale, BF16",
        "fp8-block, weight_scale_inv, F32",
        "ct-pack-int4-g128, weight_packed, I32",
        "ct-pack-int4-g128, weight_scale, BF16",
        "ct-pack-int4-g128, weight_shape, I64",
        "ct-pack-int4-g32-asym, weight_zero_point, I32",
        "ct-pack-int4-actorder-group, weight_g_idx, I32",
        "ct-nvfp4, weight_scale, F8_E4M3",
        "ct-nvfp4, weight_global_scale, F32",
        "ct-mxfp4, weight_scale, U8",
        "hqq-int4-g64, scale, BF16",
        "hqq-int4-g64, zero, BF16"
    })
    void aPartOfAnotherShapeIsMismatched(String variant, String part, String type) {
        String name = MODULE + "." + part;
        try (Checkpoint checkpoint =
                Checkpoint.open(variant(variant).replaceTensor(name, type, 7, 3).into(folder))) {
            ModelPlan plan = Architectures.find(checkpoint.config()).orElseThrow();
            StoredQuantization stored = StoredQuantization.of(checkpoint, Optional.of(plan));
            assertThat(stored.adapt(LoadReport.of(checkpoint, plan)).mismatched())
                    .extracting(LoadReport.Mismatch::name)
                    .containsExactly(name);
            assertUnread(stored);
        }
    }

    @ParameterizedTest(name = "{0} {1}")
    @CsvSource({
        "bnb-nf4, weight.absmax",
        "bnb-int8, SCB",
        "ct-pack-int4-g128, weight_scale",
        "ct-pack-int4-g128, weight_packed",
        "hqq-int4-g64, W_q",
        "fp8-block, weight_scale_inv"
    })
    void aPartOfAnotherTypeIsAnError(String variant, String part) {
        String name = MODULE + "." + part;
        StoredQuantization stored = read(variant(variant).replaceTensor(name, "F64", 4));
        assertThat(findings(stored, "unexpected-part-type")).singleElement().satisfies(finding -> {
            assertThat(finding.subject()).isEqualTo(name);
            assertThat(finding.message()).contains("F64");
        });
        assertUnread(stored);
    }

    /** One cause in all modules: codes of 8 bits that a converter labelled as unsigned. */
    @Test
    void aTypeThatAllModulesHaveIsOneFinding() {
        StoredQuantization stored = read(variant("bnb-int8").retypeTensors(".*_proj\\.weight", "U8"));
        assertThat(findings(stored, "unexpected-part-type")).singleElement().satisfies(finding -> {
            assertThat(finding.subject()).isEqualTo("model.layers.0.mlp.down_proj.weight");
            assertThat(finding.message())
                    .isEqualTo("This and the weight of 6 more modules are stored as U8; this scheme knows them as I8");
        });
        assertUnread(stored);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', textBlock = """
            not json
            {"quant_type": "nf4"}
            {"quant_type": "fp4", "blocksize": 64, "dtype": "bfloat16", "shape": [128, 256]}
            {"quant_type": "nf4", "blocksize": 0, "dtype": "bfloat16", "shape": [128, 256]}
            {"quant_type": "nf4", "blocksize": 64, "dtype": "int8", "shape": [128, 256]}
            {"quant_type": "nf4", "blocksize": 64, "dtype": "bfloat16", "shape": [-128, 256]}
            {"quant_type": "nf4", "blocksize": 64, "dtype": "bfloat16", "shape": [32768]}
            {"quant_type": "nf4", "blocksize": 64, "dtype": "bfloat16", "shape": [4611686018427387904, 256]}
            {"quant_type": "nf4", "blocksize": "64", "dtype": "bfloat16", "shape": [128, 256]}
            """)
    void aQuantStateThatCannotBeUsedIsQuoted(String json) {
        String name = MODULE + ".weight.quant_state.bitsandbytes__nf4";
        byte[] text = json.getBytes(StandardCharsets.UTF_8);
        StoredQuantization stored = read(variant("bnb-nf4").replaceBytes(name, "U8", text, text.length));
        assertThat(findings(stored, "invalid-quant-state")).singleElement().satisfies(finding -> {
            assertThat(finding.subject()).isEqualTo(name);
            assertThat(finding.message()).contains(json.startsWith("{") ? "quant_type" : "not json");
        });
        assertUnread(stored);
    }

    @Test
    void namesOfGptqModelsExportAreReadWithAWarning() {
        Corruptor renamed = variant("bnb-nf4");
        for (String part : List.of("absmax", "quant_map", "quant_state.bitsandbytes__nf4")) {
            renamed = renamed.renameTensor(
                    MODULE + ".weight." + part, MODULE + ".weight_" + part.replace(".bitsandbytes__nf4", ""));
        }
        StoredQuantization stored = read(renamed);
        assertThat(stored.find(MODULE + ".weight")).isPresent();
        assertThat(findings(stored, "underscored-quant-state")).singleElement().satisfies(finding -> {
            assertThat(finding.severity()).isEqualTo(Severity.WARNING);
            assertThat(finding.message()).contains("transformers");
        });
    }

    @Test
    void anExportedScbIsReadWithAWarning() {
        StoredQuantization stored = read(variant("bnb-int8").renameTensor(MODULE + ".SCB", MODULE + ".weight_scb"));
        assertThat(stored.find(MODULE + ".weight")).isPresent();
        assertThat(findings(stored, "underscored-quant-state")).hasSize(1);
    }

    @Test
    void anOldOrderOfInt8CodesIsRefused() {
        StoredQuantization stored =
                read(variant("bnb-int8").replaceBytes(MODULE + ".weight_format", "U8", new byte[] {2}));
        assertThat(findings(stored, "unsupported-weight-format"))
                .singleElement()
                .satisfies(finding -> assertThat(finding.message()).contains("col_turing"));
        assertUnread(stored);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({"compute_dtype", "packing", "unpack_view_dtype"})
    void codeInHqqMetaIsRefusedAndQuoted(String part) {
        byte[] code = "__import__('os').system('x')".getBytes(StandardCharsets.US_ASCII);
        StoredQuantization stored =
                read(variant("hqq-int4-g64").replaceBytes(MODULE + "." + part, "U8", code, code.length));
        assertThat(findings(stored, "unsupported-hqq-meta")).singleElement().satisfies(finding -> {
            assertThat(finding.severity()).isEqualTo(Severity.ERROR);
            assertThat(finding.subject()).isEqualTo(MODULE + "." + part);
            assertThat(finding.message())
                    .contains("\"__import__('os').system('x')\"")
                    .contains("not evaluated");
        });
        assertUnread(stored);
    }

    @Test
    void aLongOrBinaryHqqStringIsBoundedAndEscaped() {
        byte[] bytes = new byte[5000];
        bytes[0] = 27;
        StoredQuantization stored =
                read(variant("hqq-int4-g64").replaceBytes(MODULE + ".compute_dtype", "U8", bytes, bytes.length));
        assertThat(findings(stored, "unsupported-hqq-meta"))
                .singleElement()
                .satisfies(finding -> assertThat(finding.message())
                        .contains("\"\\u001b\\u0000")
                        .contains("…")
                        .hasSizeLessThan(800));
    }

    @ParameterizedTest(name = "{0} = {1}")
    @CsvSource({"nbits, 0", "nbits, 17", "axis, 2", "axis, -1", "group_size, 0", "quant_zero, 1"})
    void anHqqNumberOutOfRangeIsRefused(String part, int value) {
        boolean flag = part.equals("quant_zero");
        byte[] bytes = flag
                ? new byte[] {(byte) value}
                : new byte[] {(byte) value, (byte) (value >> 8), (byte) (value >> 16), (byte) (value >> 24)};
        StoredQuantization stored =
                read(variant("hqq-int4-g64").replaceBytes(MODULE + "." + part, flag ? "U8" : "I32", bytes));
        assertThat(findings(stored, "unsupported-hqq-meta"))
                .extracting(Finding::subject)
                .containsExactly(MODULE + "." + part);
    }

    @Test
    void hqqCodesThatDoNotFitTheirShapeAreRefused() {
        StoredQuantization stored = read(variant("hqq-int4-g64").replaceTensor(MODULE + ".W_q", "U8", 3, 64));
        assertThat(findings(stored, "unexpected-part-shape"))
                .singleElement()
                .satisfies(finding -> assertThat(finding.message()).contains("[3, 64]", "4bit_u8"));
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({"ct-pack-int4-g128", "ct-pack-int3-dense", "ct-nvfp4", "ct-mxfp4"})
    void aWrongGroupSizeInTheConfigIsTold(String variant) {
        StoredQuantization stored = read(variant(variant)
                .editConfig(config -> ((ObjectNode) quantization(config).at("/config_groups/group_0/weights"))
                        .put("group_size", 48)));
        assertThat(findings(stored, "group-size-disagrees"))
                .singleElement()
                .satisfies(finding -> assertThat(finding.message()).contains("group_size 48"));
        assertThat(stored.weights()).isNotEmpty();
    }

    @ParameterizedTest(name = "{0} {1}")
    @CsvSource({
        "ct-pack-int4-g128, -5",
        "ct-pack-int4-g128, 0",
        "ct-pack-int4-g128, 9223372036854775807",
        "ct-fp8-block, -1",
        "ct-fp8-block, 9223372036854775807"
    })
    void anAbsurdSizeInTheConfigStillLeavesTheTensorsReadable(String variant, long size) {
        StoredQuantization stored = read(variant(variant).editConfig(config -> {
            ObjectNode weights = (ObjectNode) quantization(config).at("/config_groups/group_0/weights");
            weights.put("group_size", size);
            weights.putArray("block_structure").add(size).add(size);
        }));
        assertThat(stored.find(MODULE + ".weight")).isPresent();
    }

    @Test
    void aShapeTooLargeForItsCodesIsMismatched() {
        String state = "{\"quant_type\": \"nf4\", \"blocksize\": 1, \"dtype\": \"bfloat16\","
                + " \"shape\": [9223372036854775807, 1]}";
        byte[] text = state.getBytes(StandardCharsets.UTF_8);
        assertUnread(read(variant("bnb-nf4")
                .replaceBytes(MODULE + ".weight.quant_state.bitsandbytes__nf4", "U8", text, text.length)));
    }

    @Test
    void expertsInOneTensorAreRead() {
        String experts = "model.layers.0.mlp.experts";
        StoredQuantization stored = read(variant("fp8-block")
                .addTensor(experts + ".gate_up_proj", "F8_E4M3", 2, 256, 192)
                .addTensor(experts + ".gate_up_proj_scale_inv", "F32", 2, 2, 2));
        PackedWeight weight = stored.find(experts + ".gate_up_proj").orElseThrow();
        assertThat(weight.shape().dimensions()).containsExactly(2L, 256L, 192L);
        assertThat(weight.codec().option("rows")).isEqualTo(128);
        assertThat(weight.format().label()).isEqualTo("fp8 block 8-bit g128 sym");
    }

    @Test
    void aScaleBesideAnUnquantizedWeightIsNoQuantization() {
        StoredQuantization stored = read(variant("fp8-block").replaceTensor(MODULE + ".weight", "BF16", 128, 256));
        assertThat(stored.modules()).doesNotContain(MODULE);
    }

    @Test
    void aWrongGroupSizeOfHqqIsTold() {
        StoredQuantization stored = read(variant("hqq-int4-g64")
                .editConfig(config -> ((ObjectNode) quantization(config).at("/quant_config/weight_quant_params"))
                        .put("group_size", 32)));
        assertThat(findings(stored, "group-size-disagrees")).hasSize(1);
    }

    @Test
    void wrongBitsInTheConfigAreTold() {
        StoredQuantization stored = read(variant("ct-pack-int4-g128")
                .editConfig(config ->
                        ((ObjectNode) quantization(config).at("/config_groups/group_0/weights")).put("num_bits", 8)));
        assertThat(findings(stored, "bits-disagree")).hasSize(1);
        assertThat(stored.formats().keySet()).allMatch(format -> format.bits() == 4);
    }

    @Test
    void aWrongBlockSizeInTheConfigIsTold() {
        StoredQuantization stored = read(variant("fp8-block")
                .editConfig(config -> quantization(config)
                        .putArray("weight_block_size")
                        .add(64)
                        .add(64)));
        assertThat(findings(stored, "block-size-disagrees"))
                .isNotEmpty()
                .allSatisfy(finding -> assertThat(finding.message()).contains("64 x 64"));
        assertThat(stored.weights()).isNotEmpty();
    }

    @Test
    void modulesOutsideEveryGroupAreNotMissed() {
        StoredQuantization stored = read(variant("ct-pack-int4-g128").editConfig(config -> {
            ObjectNode group = (ObjectNode) quantization(config).at("/config_groups/group_0");
            group.putArray("targets").add("re:.*self_attn.*");
        }));
        assertThat(stored.missing()).isEmpty();
    }

    @Test
    void formatsCarryTheirNames() {
        assertThat(label("bnb-nf4-double")).isEqualTo("bitsandbytes nf4-double 4-bit g64 sym");
        assertThat(label("bnb-int8")).isEqualTo("bitsandbytes llm.int8 8-bit per-channel sym");
        assertThat(label("fp8-block")).isEqualTo("fp8 block 8-bit g128 sym");
        assertThat(label("fp8-tensor")).isEqualTo("fp8 tensor 8-bit per-tensor sym");
        assertThat(label("fbgemm-fp8")).isEqualTo("fbgemm_fp8 channel 8-bit per-channel sym");
        assertThat(label("ct-fp8-channel")).isEqualTo("compressed-tensors float-quantized 8-bit per-channel sym");
        assertThat(label("ct-pack-int4-g32-asym")).isEqualTo("compressed-tensors pack-quantized 4-bit g32 asym");
        assertThat(label("ct-nvfp4")).isEqualTo("compressed-tensors nvfp4-pack-quantized 4-bit g16 sym");
        assertThat(label("modelopt-nvfp4")).isEqualTo("modelopt nvfp4 4-bit g16 sym");
        assertThat(label("gpt-oss-mxfp4")).isEqualTo("mxfp4 4-bit g32 sym");
        assertThat(label("hqq-int4-axis0")).isEqualTo("hqq 4bit_u8 axis0 4-bit g64 asym");
    }

    private String label(String variant) {
        try (Checkpoint checkpoint = Checkpoint.open(Fixtures.path("quantized/" + variant))) {
            return StoredQuantization.of(checkpoint, Architectures.find(checkpoint.config()))
                    .formats()
                    .keySet()
                    .iterator()
                    .next()
                    .label();
        }
    }
}
