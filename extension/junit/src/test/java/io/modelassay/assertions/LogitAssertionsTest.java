package io.modelassay.assertions;

import static io.modelassay.assertions.ModelAssertions.assertThat;

import io.modelassay.ModelUnderTest;
import io.modelassay.fixtures.Corruptor;
import io.modelassay.quantization.Quantization;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** Logits beside another model's, and in batches; each with a model that has others. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class LogitAssertionsTest {
    private final Path folder;
    private final Models models;
    private final ModelUnderTest plain;

    LogitAssertionsTest(@TempDir Path folder) {
        this.folder = folder;
        this.models = new Models(folder.resolve("cache"));
        this.plain = models.open(Models.QWEN);
    }

    @AfterAll
    void close() {
        models.close();
    }

    @Test
    void logitsAreThoseOfAnotherModel() {
        Path copied = Corruptor.of(Models.QWEN).named("copy").into(folder);
        assertThat(plain).hasSameLogitsAs(models.open(copied), 0, Models.TEXT);
        ModelUnderTest rounded = models.open(copied, m -> m.quantize(Quantization.llmInt8()));
        assertThat(rounded).hasSameLogitsAs(plain, 0.1, Models.TEXT);
        Golden.fails(() -> assertThat(rounded).hasSameLogitsAs(plain, 0.001, Models.TEXT), folder, """
                Expecting model <copy as LLM.int8> to have the logits of <tiny-qwen2> within 0.001 on held-out.txt
                but they differ by up to 0.06264: at position 36 token 1051 has -10.5467, not -10.6094 (64 positions)
                  FOLDER/copy
                Try: the first layer whose outputs differ, and versions and compute types of both
                """);
    }

    @Test
    void batchesChangeNothing() {
        assertThat(plain).hasSameLogitsInBatches(1e-4, Models.TEXT);
        ModelUnderTest broken = models.open(Corruptor.of(Models.QWEN)
                .named("broken")
                .setNaN("model.layers.0.mlp.down_proj.weight", 17)
                .into(folder));
        Golden.fails(() -> assertThat(broken).hasSameLogitsInBatches(1e-4, Models.TEXT), folder, """
                Expecting model <broken> to have the same logits in a batch of 4 windows as in each alone within 1.0E-4 on held-out.txt
                but they differ by up to NaN: at position 0 token 0 has NaN, not NaN (64 positions)
                  FOLDER/broken
                Try: computing in fp32, where only the order of sums may differ
                """);
    }
}
