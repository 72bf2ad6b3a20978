package io.modelassay.examples;

import io.modelassay.ModelUnderTest;
import io.modelassay.Text;
import io.modelassay.assertions.ModelSoftAssertions;
import io.modelassay.junit.ModelAssayExtension;
import io.modelassay.quantization.Quantization;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The same without annotations, and several checks reported together. */
class RegisteredExtensionTest {
    @RegisterExtension
    static final ModelAssayExtension MODEL = ModelAssayExtension.builder("fixture:tiny-qwen2")
            .quantize(Quantization.nf4())
            .build();

    @Test
    void reportsEveryFailureAtOnce(ModelUnderTest model) {
        Text text = Text.of("src/test/resources/held-out.txt");
        ModelSoftAssertions softly = new ModelSoftAssertions();
        softly.assertThat(model).hasOnlyFiniteWeights();
        softly.assertThat(model).hasFiniteActivationsOn(text);
        softly.assertThat(model).hasMeanKlDivergenceAtMost(0.1, text);
        softly.assertAll();
    }
}
