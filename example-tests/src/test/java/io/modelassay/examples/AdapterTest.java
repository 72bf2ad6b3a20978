package io.modelassay.examples;

import static io.modelassay.assertions.ModelAssertions.assertThat;
import static org.assertj.core.data.Percentage.withPercentage;

import io.modelassay.ModelUnderTest;
import io.modelassay.Text;
import io.modelassay.adapter.PeftAdapter;
import io.modelassay.junit.Adapter;
import io.modelassay.junit.QuantizedModel;
import org.junit.jupiter.api.Test;

/** An adapter and the model that it was trained on. */
@QuantizedModel("fixture:tiny-llama")
@Adapter("fixture:adapters/lora-qv")
class AdapterTest {
    @Test
    void fitsAndActs(ModelUnderTest model, PeftAdapter adapter) {
        assertThat(adapter).matchesKeysOf(model).changesOutputsOf(model).isMergeableInto(model);
    }

    @Test
    void keepsWhatTheModelKnows(ModelUnderTest model, PeftAdapter adapter) {
        Text text = Text.of("src/test/resources/held-out.txt");
        assertThat(model.withAdapter(adapter)).hasPerplexityDriftAtMost(withPercentage(5), text);
    }
}
