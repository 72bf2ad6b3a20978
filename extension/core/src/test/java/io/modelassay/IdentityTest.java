package io.modelassay;

import static org.assertj.core.api.Assertions.assertThat;

import io.modelassay.adapter.PeftAdapter;
import io.modelassay.fixtures.Corruptor;
import io.modelassay.fixtures.Fixtures;
import io.modelassay.quantization.AwqSettings;
import io.modelassay.quantization.GptqSettings;
import io.modelassay.quantization.Quantization;
import io.modelassay.runtime.DType;
import io.modelassay.runtime.Device;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What figures are remembered under: everything that they depend on, and no name. */
class IdentityTest {
    private static final Path QWEN = Fixtures.path("tiny-qwen2");

    @TempDir
    Path folder;

    @Test
    void quantizationsOfOneLabelAreToldApart() {
        Quantization gptq = Quantization.gptq(4, 128);
        Quantization awq = Quantization.awq(4, 128);
        List<Quantization> all = List.of(
                gptq,
                gptq.with(GptqSettings.DEFAULT.damping(0.01, 0.01)),
                gptq.with(GptqSettings.DEFAULT.withStaticGroups()),
                gptq.with(GptqSettings.DEFAULT.searchingGrid()),
                gptq.with(GptqSettings.DEFAULT.order(GptqSettings.Order.NATURAL)),
                gptq.withHead(),
                gptq.dynamic("+:.*\\.down_proj$=bits:8"),
                gptq.keep("a, b"),
                gptq.keep("a", "b"),
                awq,
                awq.with(AwqSettings.DEFAULT.withoutClipping()),
                awq.with(AwqSettings.DEFAULT.withoutDuoScaling()));
        Set<String> keys = all.stream().map(Quantization::contentKey).collect(Collectors.toSet());
        assertThat(keys).hasSameSizeAs(all);
        assertThat(all.stream().map(Quantization::label).distinct())
                .as("labels, which would not tell them apart")
                .hasSizeLessThan(all.size());
    }

    @Test
    void aModelIsKnownByItsContentAndNotByItsName() {
        Path copy = Corruptor.of(QWEN).named("copy").into(folder);
        assertThat(key(copy)).isEqualTo(key(QWEN));
        Path scaled = Corruptor.of(QWEN)
                .named("tiny-qwen2")
                .fill("model.norm.weight", 0.5)
                .into(folder);
        assertThat(key(scaled)).isNotEqualTo(key(QWEN));
    }

    @Test
    void theComputeTypeCounts() {
        assertThat(Stream.of(DType.FP32, DType.BF16, DType.FP16)
                        .map(dtype -> key(LoadSettings.of(QWEN).computingIn(dtype))))
                .doesNotHaveDuplicates();
    }

    /** How weights are decoded may stand in the quantizer's own file alone. */
    @Test
    void theQuantizersOwnFileCounts() {
        Path stored = Fixtures.path("quantized/gptq-v1-int4-g64-asym");
        Path one = Corruptor.of(stored)
                .named("one")
                .editJson("config.json", config -> config.remove("quantization_config"))
                .into(folder);
        Path other = Corruptor.of(one)
                .named("other")
                .editJson("quantize_config.json", config -> config.put("checkpoint_format", "gptq_v2"))
                .into(folder);
        assertThat(key(other)).isNotEqualTo(key(one));
    }

    @Test
    void everyWayToJoinAnAdapterIsAnotherModel() {
        try (LoadedModel base = new LoadedModel(
                        LoadSettings.of(Fixtures.path("tiny-mistral")).on(Device.CPU));
                PeftAdapter adapter = PeftAdapter.open(Fixtures.path("adapters/lora-rslora"))) {
            AdaptedModel beside = AdaptedModel.beside(base, adapter);
            AdaptedModel merged = AdaptedModel.merged(base, adapter);
            assertThat(Stream.of(
                            base.model().key(),
                            beside.model().key(),
                            merged.model().key(),
                            beside.inWeights().key()))
                    .doesNotHaveDuplicates();
        }
    }

    private static String key(Path model) {
        return key(LoadSettings.of(model));
    }

    private static String key(LoadSettings settings) {
        try (LoadedModel model = new LoadedModel(settings.on(Device.CPU))) {
            return model.model().key();
        }
    }
}
