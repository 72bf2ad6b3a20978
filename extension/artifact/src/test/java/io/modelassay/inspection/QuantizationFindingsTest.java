package io.modelassay.inspection;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.Finding.Severity;
import io.modelassay.fixtures.Corruptor;
import io.modelassay.fixtures.Fixtures;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a quantized artifact declares against what it stores: the cause once, and nothing on its healthy twin. */
class QuantizationFindingsTest {
    private static final String FP8 = "quantized/ct-fp8-channel";
    private static final String GPTQ = "quantized/gptq-int4-g128";

    /** What a changed model_type gets whatever is quantized. */
    private static final List<String> OF_THE_TYPE = List.of("unknown-model-type", "class-of-another-family");

    @TempDir
    Path folder;

    // scales of the key and value cache

    @Test
    void cacheScalesWhereServersLookAreHealthy() {
        for (String place :
                List.of("self_attn.%s_scale", "self_attn.%s_proj.%1$s_scale", "self_attn.%s_proj.output_scale")) {
            assertThat(warnings(withCache(place))).as(place).isEmpty();
        }
    }

    @Test
    void cacheScalesOneModuleTooDeepAreOneWarning() {
        Finding finding = single(withCache("self_attn.attn.%s_scale"));
        assertThat(finding.id()).isEqualTo("kv-scale-misplaced");
        assertThat(finding.severity()).isEqualTo(Severity.WARNING);
        assertThat(finding.message()).contains("6 scales", "servers look for model.layers.0.self_attn.k_scale");
    }

    @Test
    void aDeclaredCacheWithoutScalesIsOneWarning() {
        Corruptor without = copy(FP8).editConfig(QuantizationFindingsTest::cache);
        Finding finding = single(without);
        assertThat(finding.id()).isEqualTo("kv-scale-missing");
        assertThat(finding.message()).contains("3 of 3 attention modules lack them");
        assertThat(ids(without.named("dynamic")
                        .editConfig(config ->
                                ((ObjectNode) quantization(config).get("kv_cache_scheme")).put("dynamic", true))))
                .as("a dynamic cache needs none")
                .isEmpty();
        Finding some = single(withCache("self_attn.%s_scale").named("some").dropTensors(".*layers\\.2.*\\.[kv]_scale"));
        assertThat(single(withCache("self_attn.%s_scale")
                                .named("half")
                                .dropTensors("model\\.layers\\.1\\.self_attn\\.v_scale"))
                        .message())
                .contains("1 of 3 attention modules lack them: model.layers.1.self_attn");
        assertThat(single(withCache("%s_scale").named("high")).message())
                .as("one module too high")
                .contains("servers look for model.layers.0.self_attn.k_scale");
        assertThat(some.message()).contains("1 of 3 attention modules lack them: model.layers.2.self_attn");
    }

    private Corruptor withCache(String place) {
        Corruptor cached = copy(FP8).named(place.replaceAll("[^a-z]", "")).editConfig(QuantizationFindingsTest::cache);
        for (int layer = 0; layer < 3; layer++) {
            for (String part : List.of("k", "v")) {
                cached = cached.addTensor("model.layers." + layer + "." + String.format(place, part), "BF16", 1);
            }
        }
        return cached;
    }

    private static void cache(ObjectNode config) {
        quantization(config)
                .putObject("kv_cache_scheme")
                .put("num_bits", 8)
                .put("type", "float")
                .put("dynamic", false);
    }

    // AutoRound

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            model.layers.1.mlp.down_proj | {"bits": 16, "data_type": "float"}
            model.layers.1.mlp.down_proj | {"bits": 16}
            model.layers.1.mlp.down_proj | {"data_type": "float"}
            .*1\\.mlp\\.down_proj.*      | {"bits": 16, "data_type": "fp"}
            layers\\.1\\..*down          | {"bits": 32}
            """)
    void modulesThatAutoRoundLeavesInFullPrecision(String key, String settings) {
        Corruptor artifact = autoRound("auto").editConfig(config -> {
            try {
                quantization(config).putObject("extra_config").set(key.strip(), new ObjectMapper().readTree(settings));
            } catch (JsonProcessingException e) {
                throw new AssertionError(e);
            }
        });
        assertThat(warnings(artifact)).isEmpty();
    }

    @Test
    void aModuleThatAutoRoundDoesNotListIsAnError() {
        Finding finding = single(autoRound("unlisted"));
        assertThat(finding.id()).isEqualTo("quantized-module-unpacked");
        assertThat(finding.severity()).isEqualTo(Severity.ERROR);
        assertThat(finding.nextStep()).startsWith("list them in extra_config with bits 16");
        assertThat(warnings(autoRound("four")
                        .editConfig(config -> quantization(config)
                                .putObject("extra_config")
                                .putObject("model.layers.1.mlp.down_proj")
                                .put("bits", 4))))
                .as("4 bits are no full precision")
                .hasSize(1);
    }

    /** AutoRound packs as GPTQ does; one module is in full precision. */
    private Corruptor autoRound(String name) {
        return copy(GPTQ)
                .named(name)
                .deleteFile("quantize_config.json")
                .editConfig(config -> config.putObject("quantization_config")
                        .put("quant_method", "auto-round")
                        .put("packing_format", "auto_round:auto_gptq")
                        .put("bits", 4)
                        .put("group_size", 128)
                        .put("sym", true))
                .dropTensors("model\\.layers\\.1\\.mlp\\.down_proj\\..*")
                .addTensor("model.layers.1.mlp.down_proj.weight", "F16", 256, 640);
    }

    // groups and lists

    @Test
    void quantizedModulesThatNoTargetNames() {
        Corruptor fused =
                copy(FP8).editConfig(config -> targets(config, "re:.*qkv_proj$", "re:.*o_proj$", "re:.*mlp.*"));
        Finding finding = single(fused);
        assertThat(finding.id()).isEqualTo("quantized-module-not-targeted");
        assertThat(finding.message())
                .contains("quantized modules are named by no target", "1 of 3 targets match no module");
        for (List<String> healthy : List.of(
                List.of("Linear"),
                List.of("re:.*[qkvo]_proj$", "re:.*mlp.*"),
                List.of("Linear", "re:.*qkv_proj$"),
                List.of("LlamaAttention", "re:.*_proj$"))) {
            assertThat(warnings(copy(FP8)
                            .named("healthy" + healthy.hashCode())
                            .editConfig(config -> targets(config, healthy.toArray(String[]::new)))))
                    .as("%s", healthy)
                    .isEmpty();
        }
    }

    private static void targets(ObjectNode config, String... targets) {
        ArrayNode list = ((ObjectNode) quantization(config).at("/config_groups/group_0")).putArray("targets");
        for (String target : targets) {
            list.add(target);
        }
    }

    @Test
    void groupsThatTargetTheSameModulesInDifferentWays() {
        Corruptor overlap = copy("quantized/ct-pack-int4-g128").editConfig(config -> second(config, 8, "Linear"));
        Finding finding = single(overlap);
        assertThat(finding.id()).isEqualTo("config-groups-overlap");
        assertThat(finding.message()).contains("group_0 and group_1", "8 bits", "4 bits", "whose tensors have 4 bits");
        assertThat(warnings(copy("quantized/ct-pack-int4-g128")
                        .named("alike")
                        .editConfig(config -> second(config, 4, "Linear"))))
                .as("the same twice")
                .isEmpty();
        assertThat(warnings(copy("quantized/ct-pack-int4-g128")
                        .named("precedence")
                        .editConfig(config -> second(config, 8, "re:.*no_such_module"))))
                .as("a group for other modules")
                .isEmpty();
    }

    private static void second(ObjectNode config, int bits, String target) {
        ObjectNode groups = (ObjectNode) quantization(config).get("config_groups");
        ObjectNode other = groups.get("group_0").deepCopy();
        ((ObjectNode) other.get("weights")).put("num_bits", bits);
        other.putArray("targets").add(target);
        groups.set("group_1", other);
    }

    @Test
    void entriesOfTheListThatMissTheirModulesAreToldWithThem() {
        Corruptor suffix = copy(FP8)
                .dropTensors("model\\.layers\\.0\\.mlp\\.down_proj\\..*")
                .addTensor("model.layers.0.mlp.down_proj.weight", "BF16", 256, 512)
                .editConfig(config ->
                        ((ArrayNode) quantization(config).get("ignore")).add("model.layers.0.mlp.down_proj.linear"));
        Finding finding = single(suffix);
        assertThat(finding.id()).isEqualTo("quantized-module-unpacked");
        assertThat(finding.message())
                .contains("match no module, such as model.layers.0.mlp.down_proj.linear:"
                        + " the module is called model.layers.0.mlp.down_proj");
        assertThat(warnings(suffix.named("right")
                        .editConfig(config ->
                                ((ArrayNode) quantization(config).get("ignore")).add("model.layers.0.mlp.down_proj"))))
                .noneMatch(other -> other.id().equals("quantized-module-unpacked"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"quantized/hqq-int2", "quantized/hqq-int3"})
    void entriesForLayersThatTheModelLacksAreGoodToKnow(String fixture) {
        assertThat(found(copy(fixture), "ignore-matches-nothing").severity()).isEqualTo(Severity.INFO);
    }

    @Test
    void twoFilesThatLeaveOutDifferentModules() {
        Corruptor other = copy("quantized/modelopt-nvfp4")
                .editJson(
                        "hf_quant_config.json",
                        config -> ((ObjectNode) config.get("quantization"))
                                .putArray("exclude_modules")
                                .add("lm_head")
                                .add("model.layers.1*"));
        Finding finding = single(other);
        assertThat(finding.id()).isEqualTo("quantization-configs-disagree");
        assertThat(finding.message())
                .contains("config.json leaves out model.layers.2", "hf_quant_config.json does not");
        assertThat(warnings(copy("quantized/modelopt-nvfp4")
                        .named("other-words")
                        .editJson(
                                "hf_quant_config.json",
                                config -> ((ObjectNode) config.get("quantization"))
                                        .putArray("exclude_modules")
                                        .add("lm_head")
                                        .add("model.layers.1.*")
                                        .add("model.layers.2.*"))))
                .as("the same in other words")
                .isEmpty();
    }

    // parts that only some loaders need or take

    @Test
    void aStaticActivationScaleThatIsLost() {
        Finding finding =
                single(copy("quantized/fp8-tensor").dropTensors("model\\.layers\\.0\\.mlp\\.down_proj\\.input_scale"));
        assertThat(finding.id()).isEqualTo("activation-scale-missing");
        assertThat(finding.message())
                .contains("model.layers.0.mlp.down_proj lacks the input_scale that activation_scheme static");
        assertThat(warnings(copy("quantized/fp8-tensor")
                        .named("dynamic")
                        .dropTensors(".*\\.input_scale")
                        .editConfig(config -> quantization(config).put("activation_scheme", "dynamic"))))
                .as("dynamic activations need none")
                .isEmpty();
    }

    @Test
    void partsThatServersFuseAndThatAreStoredInDifferentWays() {
        Corruptor mixed = copy(FP8)
                .dropTensors("model\\.layers\\.0\\.self_attn\\.v_proj\\..*")
                .addTensor("model.layers.0.self_attn.v_proj.weight", "BF16", 128, 256)
                .editConfig(config ->
                        ((ArrayNode) quantization(config).get("ignore")).add("model.layers.0.self_attn.v_proj"));
        Finding finding = single(mixed);
        assertThat(finding.id()).isEqualTo("fused-parts-differ");
        assertThat(finding.severity()).isEqualTo(Severity.WARNING);
        assertThat(finding.message())
                .contains("model.layers.0.self_attn.v_proj in full precision", "transformers loads");
        assertThat(found(copy("quantized/gptq-dynamic"), "fused-parts-differ").severity())
                .as("GPTQModel keeps the modules apart")
                .isEqualTo(Severity.INFO);
    }

    @Test
    void packedZeroPointsAreWarnedOf() {
        Finding finding = single(copy("quantized/ct-pack-int4-g32-asym"));
        assertThat(finding.id()).isEqualTo("packed-zero-points");
        assertThat(finding.severity()).isEqualTo(Severity.WARNING);
        assertThat(finding.message())
                .contains("0.17.1 loads them", "0.18 to 0.20", "size mismatch of weight_zero_point");
    }

    // other causes

    @Test
    void flatAndEmptyTensorsAreOneRanksPart() {
        Corruptor shard = copy("tiny-llama")
                .replaceTensor("model.embed_tokens.weight", "BF16", 4160)
                .replaceTensor("model.norm.weight", "BF16", 0);
        Finding finding = single(shard);
        assertThat(finding.id()).isEqualTo("sharded-state");
        assertThat(finding.message()).contains("2 tensors are flat or empty");
        assertThat(finding.nextStep()).contains("gather the full state");
        assertThat(ids(shard.named("unknown").editConfig(config -> config.put("model_type", "of_tomorrow"))))
                .contains("sharded-state");
        assertThat(ids(copy("tiny-llama")
                        .named("flat")
                        .dropTensors("model\\.layers\\.[0-3]\\..*")
                        .addTensor("_fsdp_wrapped_module._flat_param", "BF16", 4096)))
                .containsExactly("sharded-state");
    }

    @Test
    void anotherCheckpointBesideTheOneThatLoadersTakeComesFirst() {
        Corruptor stray = copy(GPTQ)
                .editConfig(config -> config.remove("quantization_config"))
                .deleteFile("quantize_config.json")
                .writeFile(
                        "model.safetensors.index.json",
                        "{\"metadata\": {}, \"weight_map\": {\"a\": \"model-00001-of-00001.safetensors\"}}")
                .writeFile("model-00001-of-00001.safetensors", "x");
        Finding first = findings(stray).get(0);
        assertThat(first.id()).isEqualTo("stale-index");
        assertThat(first.message()).contains("Loaders take model.safetensors", "they lie unused");
    }

    @Test
    void zeroBiasesThatTheReferenceLacksChangeNothing() {
        Path reference = Fixtures.path("tiny-llama");
        Corruptor biased = copy("tiny-llama").addTensor("model.layers.0.mlp.down_proj.bias", "BF16", 256);
        try (var checkpoint = Checkpoint.open(biased.into(folder));
                var other = Checkpoint.open(reference)) {
            assertThat(Inspection.of(checkpoint, other).findings())
                    .extracting(Finding::severity)
                    .containsOnly(Severity.INFO);
        }
        Corruptor changed = biased.named("changed").setValue("model.layers.0.mlp.down_proj.bias", 3, 0.5);
        try (var checkpoint = Checkpoint.open(changed.into(folder));
                var other = Checkpoint.open(reference)) {
            assertThat(Inspection.of(checkpoint, other).findings())
                    .extracting(Finding::id)
                    .contains("unexpected-against-reference", "unused-bias-nonzero");
        }
    }

    @Test
    void aRouterThatIsALinearModuleIsListedOrQuantized() {
        Corruptor unlisted = router("phimoe");
        Finding finding = single(unlisted);
        assertThat(finding.id()).isEqualTo("quantized-module-unpacked");
        assertThat(finding.message()).contains("model.layers.0.mlp.gate");
        assertThat(warnings(router("of_tomorrow")))
                .as("a router of a class of its own is never quantized")
                .isEmpty();
        assertThat(warnings(unlisted.named("listed")
                        .editConfig(config ->
                                ((ArrayNode) quantization(config).get("ignore")).add("model.layers.0.mlp.gate"))))
                .isEmpty();
    }

    /** A mixture of experts by name, whose architecture is not known, with a router in full precision. */
    private Corruptor router(String type) {
        return copy("quantized/modelopt-nvfp4")
                .named(type)
                .deleteFile("hf_quant_config.json")
                .addTensor("model.layers.0.mlp.gate.weight", "BF16", 4, 256)
                .editConfig(config -> config.put("model_type", type).put("num_experts", 4));
    }

    @Test
    void withoutAnArchitectureModulesAreKnownByThoseOfOtherLayers() {
        Corruptor unlisted = copy("quantized/modelopt-nvfp4")
                .deleteFile("hf_quant_config.json")
                .editConfig(config -> {
                    config.put("model_type", "of_tomorrow");
                    quantization(config).putArray("ignore").add("lm_head").add("model.layers.2*");
                });
        assertThat(warnings(unlisted))
                .as("layer 1 is stored in full precision, and nothing of it is quantized")
                .isEmpty();
        Finding finding = single(copy("quantized/ct-pack-int4-g128")
                .named("one")
                .dropTensors("model\\.layers\\.1\\.mlp\\.down_proj\\..*")
                .addTensor("model.layers.1.mlp.down_proj.weight", "BF16", 256, 640)
                .editConfig(config -> config.put("model_type", "of_tomorrow")));
        assertThat(finding.id()).isEqualTo("quantized-module-unpacked");
        assertThat(finding.subject()).isEqualTo("model.layers.1.mlp.down_proj");
        assertThat(ids(copy("tiny-llama")
                        .named("merged")
                        .editConfig(config -> config.put("model_type", "of_tomorrow")
                                .putObject("quantization_config")
                                .put("quant_method", "gptq")
                                .put("bits", 4))))
                .contains("nothing-is-quantized");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            ct-pack-int4-g32-asym | quantization_status | calibration | quantization-status-disagrees
            ct-int8-channel       | quantization_status | initialized | quantization-status-disagrees
            fp8-block             | quant_method        | ''          | quantization-method-missing
            """)
    void keysThatMakeLoadersFail(String fixture, String key, String value, String id) {
        Corruptor wrong = copy("quantized/" + fixture).editConfig(config -> {
            if (value.isEmpty()) {
                quantization(config).remove(key);
            } else {
                quantization(config).put(key, value);
            }
        });
        assertThat(found(wrong, id).severity()).isEqualTo(Severity.ERROR);
    }

    @Test
    void symmetricWeightsHaveNoZeroPoints() {
        Corruptor wrong = copy("quantized/ct-pack-int4-g32-asym")
                .editConfig(config -> ((ObjectNode) quantization(config).at("/config_groups/group_0/weights"))
                        .put("symmetric", true));
        assertThat(warnings(wrong)).extracting(Finding::id).containsExactly("symmetry-disagrees", "packed-zero-points");
    }

    @Test
    void theFlagsOfBitsandbytesAgainstTheTensors() {
        for (String fixture : List.of("quantized/bnb-nf4", "quantized/bnb-int8")) {
            boolean four = fixture.endsWith("nf4");
            Finding finding = single(copy(fixture)
                    .editConfig(config ->
                            quantization(config).put("load_in_4bit", !four).put("load_in_8bit", four)));
            assertThat(finding.id()).as(fixture).isEqualTo("bits-disagree");
        }
    }

    @Test
    void aLoadReportCountsThePartsThatALoaderLooksFor() {
        Path healthy = Fixtures.path(GPTQ);
        try (Checkpoint checkpoint = Checkpoint.open(healthy)) {
            assertThat(Inspection.of(checkpoint).loadReport().orElseThrow().checked())
                    .isEqualTo(checkpoint.tensors().size() + 1);
        }
        Inspection broken = Inspection.of(
                copy(GPTQ).dropTensors(".*\\.(scales|qzeros|g_idx)").into(folder));
        assertThat(broken.loadReport().orElseThrow().missing()).hasSize(56);
        assertThat(broken.loadReport().orElseThrow().checked()).isEqualTo(23 + 28 * 3);
    }

    private Corruptor copy(String fixture) {
        return Corruptor.of(Fixtures.path(fixture)).named(fixture.replaceAll("[^a-z0-9]", ""));
    }

    private static ObjectNode quantization(ObjectNode config) {
        return (ObjectNode) config.get("quantization_config");
    }

    private List<Finding> findings(Corruptor corruptor) {
        return Inspection.of(corruptor.into(folder)).findings();
    }

    private List<String> ids(Corruptor corruptor) {
        return findings(corruptor).stream()
                .map(Finding::id)
                .filter(id -> !id.equals("unsorted-tensors") && !id.equals("unaligned-tensor"))
                .toList();
    }

    private List<Finding> warnings(Corruptor corruptor) {
        return findings(corruptor).stream()
                .filter(finding -> finding.severity() != Severity.INFO && !OF_THE_TYPE.contains(finding.id()))
                .toList();
    }

    private Finding single(Corruptor corruptor) {
        List<Finding> all = warnings(corruptor);
        assertThat(all).hasSize(1);
        return all.get(0);
    }

    private Finding found(Corruptor corruptor, String id) {
        return findings(corruptor).stream()
                .filter(finding -> finding.id().equals(id))
                .findFirst()
                .orElseThrow();
    }
}
