package io.modelassay.inspection;

import static org.assertj.core.api.Assertions.assertThat;

import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.Finding.Severity;
import io.modelassay.fixtures.Corruptor;
import io.modelassay.fixtures.Fixtures;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A vocabulary that differs between config, tensors and tokenizer is one finding; the fixtures' tokenizers have 2048 ids. */
class VocabularyRowsTest {
    @TempDir
    Path folder;

    /** All but the remarks, one of which is on the order of tensors that were replaced. */
    private List<Finding> inspect(Corruptor copy) {
        return Inspection.of(copy.into(folder)).findings().stream()
                .filter(finding -> finding.severity() != Severity.INFO)
                .toList();
    }

    private static Corruptor rows(String base, long embedding, long head) {
        return Corruptor.of(Fixtures.path(base))
                .named("rows")
                .resizeTensors("model\\.embed_tokens\\.weight", embedding, 256)
                .resizeTensors("lm_head\\.weight", head, 256);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            2000 | 2048 | which config.json and the tokenizer belong to | , so the last 48 have no row
            2112 | 2048 | set vocab_size to 2112                        | ''
            2000 | 1990 | resize_token_embeddings(2048)                 | , so the last 48 have no row
            2048 | 2112 | set vocab_size to 2048                        | ''
            2048 | 1990 | set vocab_size to 2048                        | ''
            """)
    void embeddingAndHeadBesideTheConfig(long stored, long declared, String step, String idsWithoutRow) {
        Corruptor faulty = stored == 2048
                ? Corruptor.of(Fixtures.path("tiny-llama")).named("rows")
                : rows("tiny-llama", stored, stored);
        List<Finding> findings = inspect(faulty.editConfig(config -> config.put("vocab_size", declared)));
        assertThat(findings).singleElement().satisfies(finding -> {
            assertThat(finding.id()).isEqualTo("shape-mismatch");
            assertThat(finding.severity()).isEqualTo(Severity.ERROR);
            assertThat(finding.subject()).isEqualTo("model.embed_tokens.weight");
            assertThat(finding.message())
                    .isEqualTo("vocab_size in config.json is " + declared + ", but lm_head.weight and"
                            + " model.embed_tokens.weight have " + stored + " rows; a loader refuses them as a size"
                            + " mismatch; tokenizer.json has ids up to 2047" + idsWithoutRow);
            assertThat(finding.nextStep()).contains(step);
        });
    }

    /** Padded rows with their config, and no tokenizer at all. */
    @Test
    void whatAgreesIsNoMismatch() {
        assertThat(inspect(rows("tiny-llama", 2112, 2112).editConfig(config -> config.put("vocab_size", 2112))))
                .isEmpty();
        assertThat(inspect(rows("tiny-llama", 2000, 2000)
                        .named("untokenized")
                        .deleteFile("tokenizer.json")
                        .editConfig(config -> config.put("vocab_size", 2000))))
                .isEmpty();
    }

    @Test
    void oneOfTheTwo() {
        List<Finding> findings = inspect(
                Corruptor.of(Fixtures.path("tiny-llama")).named("head").resizeTensors("lm_head\\.weight", 2000, 256));
        assertThat(findings).singleElement().satisfies(finding -> {
            assertThat(finding.subject()).isEqualTo("lm_head.weight");
            assertThat(finding.message()).contains("vocab_size in config.json is 2048", "lm_head.weight has 2000 rows");
        });
        assertThat(inspect(rows("tiny-llama", 2056, 2000).named("both")))
                .singleElement()
                .satisfies(finding -> {
                    assertThat(finding.message())
                            .contains("lm_head.weight has 2000 rows and model.embed_tokens.weight has 2056 rows");
                    assertThat(finding.nextStep()).startsWith("save embedding and head with equally many rows");
                });
    }

    /** transformers finds the embedding of a base model that was saved alone. */
    @Test
    void namesWithoutTheBaseModelsPrefix() {
        assertThat(inspect(Corruptor.of(Fixtures.path("tiny-qwen2"))
                        .named("base")
                        .resizeTensors("model\\.embed_tokens\\.weight", 2000, 256)
                        .renameTensors("model[.](.*)", "$1")))
                .singleElement()
                .satisfies(finding -> assertThat(finding.message())
                        .contains("model.embed_tokens.weight has 2000 rows", "the last 48 have no row"));
    }

    /** Another hidden size is no matter of the vocabulary. */
    @Test
    void otherColumnsAreTheirOwnMismatch() {
        List<Finding> findings = inspect(Corruptor.of(Fixtures.path("tiny-llama"))
                .named("columns")
                .resizeTensors("lm_head\\.weight", 2000, 128));
        assertThat(findings)
                .singleElement()
                .satisfies(finding -> assertThat(finding.message())
                        .isEqualTo("The tensor is stored as [2000, 128], config.json asks for [2048, 256]"));
    }
}
