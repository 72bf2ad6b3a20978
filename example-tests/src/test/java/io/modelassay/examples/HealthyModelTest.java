package io.modelassay.examples;

import static io.modelassay.assertions.ModelAssertions.assertThat;

import io.modelassay.ModelUnderTest;
import io.modelassay.Text;
import io.modelassay.junit.QuantizedModel;
import io.modelassay.quantization.Quantization;
import org.junit.jupiter.api.Test;

/** A healthy model: what a repository checks before it publishes a checkpoint. */
@QuantizedModel("fixture:tiny-llama")
class HealthyModelTest {
    private static final Text TEXT = Text.of("src/test/resources/held-out.txt");

    @Test
    void hasTheTensorsOfItsArchitecture(ModelUnderTest model) {
        assertThat(model).hasNoMissingKeys().hasNoUnexpectedKeys();
    }

    @Test
    void hasOnlyFiniteWeights(ModelUnderTest model) {
        assertThat(model).hasNoNaNs().hasOnlyFiniteWeights();
    }

    @Test
    void computesFiniteActivations(ModelUnderTest model) {
        assertThat(model).hasFiniteActivationsOn(TEXT);
    }

    @Test
    void answersAloneAsInAPaddedBatch(ModelUnderTest model) {
        Text question = Text.ofString("Whither goest thou?").named("question");
        assertThat(model).hasSameLogitsUnderPadding(0.5, question, TEXT);
    }

    @Test
    void losesLessAtMoreBits(ModelUnderTest model) {
        assertThat(model)
                .hasErrorFallingWithBits(Quantization.rtn(2, 64), Quantization.rtn(4, 64), Quantization.rtn(8, 64));
    }

    @Test
    void hasLearntItsLanguage(ModelUnderTest model) {
        assertThat(model.perplexity(TEXT).value()).isLessThan(100);
    }

    @Test
    void storesEverythingInFullPrecision(ModelUnderTest model) {
        assertThat(model).keepsInFullPrecision("model.layers.*", "lm_head");
    }
}
