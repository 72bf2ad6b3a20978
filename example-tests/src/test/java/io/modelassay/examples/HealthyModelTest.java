package io.modelassay.examples;

import static io.modelassay.assertions.ModelAssertions.assertThat;

import io.modelassay.ModelUnderTest;
import io.modelassay.Text;
import io.modelassay.junit.QuantizedModel;
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
    void hasLearntItsLanguage(ModelUnderTest model) {
        assertThat(model.perplexity(TEXT).value()).isLessThan(100);
    }

    @Test
    void storesEverythingInFullPrecision(ModelUnderTest model) {
        assertThat(model).keepsInFullPrecision("model.layers.*", "lm_head");
    }
}
