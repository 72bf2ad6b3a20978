package io.modelassay.quantization;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.modelassay.checkpoint.CheckpointException;
import io.modelassay.checkpoint.JsonText;
import io.modelassay.checkpoint.ModelConfig;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class ModuleExclusionsTest {
    private static final int PATTERNS = 2_000;
    private static final int MODULES = 20_000;

    private static QuantizationConfig config(Map<String, Object> values) {
        return QuantizationConfig.of("config.json", ModelConfig.parse("config.json", JsonText.of(values)));
    }

    static Stream<Arguments> manyEntries() {
        return Stream.of(
                many("compressed-tensors", "ignore", i -> module(i)),
                many("compressed-tensors", "ignore", i -> "re:.*layers\\." + i + "\\..*down_proj$"),
                many("compressed-tensors", "ignore", i -> "re:.*\\.(?:" + i + ")\\..*"),
                many("awq", "modules_to_not_convert", i -> "layers." + i + ".mlp"),
                many("modelopt", "exclude_modules", i -> "*.layers." + i + ".*"),
                many("gptq", "modules_to_not_convert", i -> ".*\\.experts\\." + i + "\\."),
                many("bitsandbytes", "llm_int8_skip_modules", i -> "layers." + i + ".mlp"));
    }

    private static Arguments many(String method, String key, IntFunction<String> entry) {
        return Arguments.of(
                method, key, IntStream.range(0, PATTERNS).mapToObj(entry).toList());
    }

    private static String module(int i) {
        return "model.layers." + i % 200 + ".mlp.experts." + i / 200 + ".down_proj";
    }

    @ParameterizedTest
    @MethodSource("manyEntries")
    void manyEntriesOnManyModulesTakeSeconds(String method, String key, List<String> entries) {
        long before = cpuNanos();
        ModuleExclusions exclusions = ModuleExclusions.of(config(Map.of("quant_method", method, key, entries)));
        List<String> modules = IntStream.range(0, MODULES)
                .mapToObj(ModuleExclusionsTest::module)
                .toList();
        assertThat(modules.stream().filter(exclusions::excludes).count()).isPositive();
        assertThat(exclusions.entriesFor(modules)).isNotEmpty();
        // Of this thread alone: others have the machine meanwhile.
        assertThat(Duration.ofNanos(cpuNanos() - before)).isLessThan(Duration.ofSeconds(15));
    }

    @Test
    void manyTargetsOfGroupsOnManyModulesTakeSeconds() {
        List<String> targets = IntStream.range(0, PATTERNS)
                .mapToObj(i -> i % 2 == 0 ? "re:.*layers\\." + i + "\\..*" : module(i))
                .toList();
        Map<String, Object> group = Map.of("targets", targets, "weights", Map.of("num_bits", 4));
        QuantizationConfig config =
                config(Map.of("quant_method", "compressed-tensors", "config_groups", Map.of("a", group)));
        long before = cpuNanos();
        for (int i = 0; i < MODULES; i++) {
            assertThat(DeclaredGroups.find(module(i), config).isPresent()).isEqualTo(i % 200 % 2 == 0 || i < PATTERNS);
        }
        assertThat(Duration.ofNanos(cpuNanos() - before)).isLessThan(Duration.ofSeconds(15));
    }

    private static long cpuNanos() {
        return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
    }

    @ParameterizedTest
    @CsvSource({
        "awq, modules_to_not_convert, mlp.gate, model.mlp.gate_proj, true",
        "awq, modules_to_not_convert, mlp.gates, model.mlp.gate_proj, false",
        "compressed-tensors, ignore, lm_head, lm_head, true",
        "compressed-tensors, ignore, lm_head, model.lm_head, false",
        "compressed-tensors, ignore, re:.*lm, a.lm_head, true",
        "modelopt, exclude_modules, *.mlp.*, model.mlp.up, true",
        "modelopt, exclude_modules, lm*, model.lm_head, false",
        "modelopt, exclude_modules, a*b*a, aba, true",
        "modelopt, exclude_modules, aba*aba, aba, false",
        "modelopt, exclude_modules, '*a*a*a*a*b', aaaaaaa, false",
        "modelopt, exclude_modules, (a+)+$, aaaa!, false",
        "bitsandbytes, llm_int8_skip_modules, mlp.gate, model.mlp.gate, true",
        "bitsandbytes, llm_int8_skip_modules, mlp.gate, model.mlp.gate_proj, false",
    })
    void eachMethodHasRulesOfItsOwn(String method, String key, String entry, String module, boolean excluded) {
        ModuleExclusions exclusions = ModuleExclusions.of(config(Map.of("quant_method", method, key, List.of(entry))));
        assertThat(exclusions.excludes(module)).isEqualTo(excluded);
        assertThat(exclusions.entriesFor(List.of(module))).hasSize(excluded ? 1 : 0);
    }

    @ParameterizedTest
    @CsvSource({
        "compressed-tensors, ignore, re:([a-z.]+)+\\1[!]",
        "compressed-tensors, ignore, re:(",
        "bitsandbytes, llm_int8_skip_modules, ([a-z.]+)+\\1[!]",
        "fp8, modules_to_not_convert, (",
        "gptq, modules_to_not_convert, ([a-z.]+)+\\1[!]",
    })
    void whatDoesNotEndOrCannotBeReadIsRefused(String method, String key, String entry) {
        QuantizationConfig config = config(Map.of("quant_method", method, key, List.of(entry)));
        assertThat(catchThrowableOfType(
                                CheckpointException.class,
                                () -> ModuleExclusions.of(config)
                                        .excludes("model.layers.mlp.experts.down.proj.weight.of.long.name"))
                        .id())
                .isEqualTo("invalid-pattern");
    }
}
