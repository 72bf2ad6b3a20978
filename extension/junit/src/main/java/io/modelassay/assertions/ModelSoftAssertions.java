package io.modelassay.assertions;

import io.modelassay.ModelUnderTest;
import io.modelassay.adapter.PeftAdapter;
import io.modelassay.checkpoint.Checkpoint;
import org.apiguardian.api.API;
import org.assertj.core.api.SoftAssertions;
import org.jspecify.annotations.Nullable;

/** Soft assertions that know model artifacts: all failures of a test are reported together. */
@API(status = API.Status.EXPERIMENTAL)
public class ModelSoftAssertions extends SoftAssertions {
    /** Soft assertions on a model. */
    public ModelAssert assertThat(@Nullable ModelUnderTest actual) {
        return proxy(ModelAssert.class, ModelUnderTest.class, actual);
    }

    /** Soft assertions on a checkpoint. */
    public CheckpointAssert assertThat(@Nullable Checkpoint actual) {
        return proxy(CheckpointAssert.class, Checkpoint.class, actual);
    }

    /** Soft assertions on an adapter. */
    public PeftAdapterAssert assertThat(@Nullable PeftAdapter actual) {
        return proxy(PeftAdapterAssert.class, PeftAdapter.class, actual);
    }
}
