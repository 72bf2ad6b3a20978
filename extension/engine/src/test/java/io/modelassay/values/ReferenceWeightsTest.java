package io.modelassay.values;

import static org.assertj.core.api.Assertions.assertThat;

import io.modelassay.architecture.Architectures;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Finding;
import io.modelassay.fixtures.Corruptor;
import io.modelassay.fixtures.Fixtures;
import io.modelassay.quantization.StoredQuantization;
import io.modelassay.runtime.Device;
import io.modelassay.runtime.Progress;
import io.modelassay.runtime.TorchEngine;
import io.modelassay.truth.Truths;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A reference under other names than the artifact's. */
class ReferenceWeightsTest {
    private static final String VARIANT = "gptq-int4-g32-actorder";

    @TempDir
    Path folder;

    /** A base model that was saved alone has no "model." in its names, and is the reference all the same. */
    @Test
    void aReferenceWithoutThePrefixIsComparedToo() {
        String own = Truths.variant(VARIANT).path("base").textValue();
        assertThat(besideBare(own)).isEmpty();
        assertThat(besideBare("tiny-mistral")).containsExactly("weights-unlike-reference");
    }

    private List<String> besideBare(String base) {
        Path bare = Corruptor.of(Fixtures.path(base))
                .named("bare-" + base)
                .renameTensors("model[.](.*)", "$1")
                .into(folder);
        try (Checkpoint checkpoint = Checkpoint.open(Fixtures.path("quantized/" + VARIANT));
                Checkpoint reference = Checkpoint.open(bare)) {
            StoredQuantization stored = StoredQuantization.of(checkpoint, Architectures.find(checkpoint));
            return WeightSanity.against(reference, checkpoint, stored, TorchEngine.on(Device.CPU), Progress.SILENT)
                    .stream()
                    .map(Finding::id)
                    .toList();
        }
    }
}
