package io.modelassay.assertions;

import io.modelassay.ModelUnderTest;
import io.modelassay.adapter.PeftAdapter;
import io.modelassay.checkpoint.Checkpoint;
import org.apiguardian.api.API;
import org.assertj.core.api.Assertions;
import org.jspecify.annotations.Nullable;

/** Entry point: AssertJ's own assertions, and those for model artifacts. */
@API(status = API.Status.EXPERIMENTAL)
public class ModelAssertions extends Assertions {
    /** For subclasses that add entry points of their own. */
    protected ModelAssertions() {}

    /** Assertions on a model: its figures, values and structure. */
    public static ModelAssert assertThat(@Nullable ModelUnderTest actual) {
        return new ModelAssert(actual);
    }

    /** Assertions on a checkpoint: structure and stored values, without an engine. */
    public static CheckpointAssert assertThat(@Nullable Checkpoint actual) {
        return new CheckpointAssert(actual);
    }

    /** Assertions on an adapter: its keys beside a base model, and its values; without an engine. */
    public static PeftAdapterAssert assertThat(@Nullable PeftAdapter actual) {
        return new PeftAdapterAssert(actual);
    }
}
