package io.modelassay.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import io.modelassay.fixtures.Fixtures;
import io.modelassay.quantization.Quantization;
import io.modelassay.runtime.OutputErrors.ModuleError;
import io.modelassay.truth.OpenModel;
import io.modelassay.truth.Truths;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class OutputErrorsTest {
    private final int[] window = Arrays.copyOf(Truths.firstTokens("tiny-qwen3"), 128);

    @Test
    void everyLinearModuleHasAnErrorThatGrowsAsBitsAreTaken() {
        Map<String, Double> four = byModule(errors(Quantization.rtn(4, 128)));
        Map<String, Double> two = byModule(errors(Quantization.rtn(2, 128)));
        assertThat(two).hasSize(3 * 7).hasSameSizeAs(four);
        assertThat(two).allSatisfy((module, error) -> {
            assertThat(four.get(module)).isBetween(0.01, 0.3);
            assertThat(error).as(module).isGreaterThan(2 * four.get(module)).isLessThan(1);
        });
    }

    @Test
    void theLargestComesFirstAndWhatIsKeptHasNone() {
        List<ModuleError> errors = errors(Quantization.rtn(3, 128).keep("model.layers.1"));
        assertThat(errors)
                .isSortedAccordingTo(Comparator.comparingDouble(ModuleError::error)
                        .reversed()
                        .thenComparing(ModuleError::module));
        assertThat(errors)
                .filteredOn(e -> e.module().startsWith("model.layers.1."))
                .hasSize(7)
                .allMatch(e -> e.error() == 0);
        assertThat(errors.get(0).error()).isPositive();
    }

    @Test
    void measuringLeavesNothingInTheEngine() {
        errors(Quantization.nf4());
        int before = OpenModel.engine().manager().getManagedArrays().size();
        errors(Quantization.nf4());
        assertThat(OpenModel.engine().manager().getManagedArrays()).hasSize(before);
    }

    private List<ModuleError> errors(Quantization quantization) {
        try (OpenModel reference = OpenModel.stored(Fixtures.path("tiny-qwen3"), DType.FP32);
                OpenModel subject = OpenModel.quantized(Fixtures.path("tiny-qwen3"), DType.FP32, quantization)) {
            return OutputErrors.of(reference.language(), subject.language(), window);
        }
    }

    private static Map<String, Double> byModule(List<ModuleError> errors) {
        return errors.stream().collect(Collectors.toMap(ModuleError::module, ModuleError::error));
    }
}
