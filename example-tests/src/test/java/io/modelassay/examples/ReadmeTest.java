package io.modelassay.examples;

import static io.modelassay.assertions.ModelAssertions.assertThat;
import static io.modelassay.assertions.ModelAssertions.catchThrowable;
import static org.assertj.core.data.Percentage.withPercentage;

import io.modelassay.ModelAssay;
import io.modelassay.ModelUnderTest;
import io.modelassay.Text;
import io.modelassay.fixtures.Fixtures;
import io.modelassay.junit.Quantize;
import io.modelassay.junit.QuantizedModel;
import io.modelassay.quantization.Method;
import io.modelassay.quantization.Quantization;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** The README's example, run as it stands there but for the path of the model. */
class ReadmeTest {
    private static final Path README = Path.of("../README.md");
    private static final Path SOURCE = Path.of("src/test/java/io/modelassay/examples/ReadmeTest.java");

    @Nested
    // begin
    @QuantizedModel(
            value = "fixture:tiny-llama",
            quantize = @Quantize(method = Method.RTN, bits = 4, groupSize = 128, keep = "*.down_proj"))
    class LlamaIsPublishableTest {
        private static final Text TEXT = Text.of("src/test/resources/held-out.txt");

        @Test
        void asFourBits(ModelUnderTest model) {
            assertThat(model)
                    .hasNoMissingKeys()
                    .hasOnlyFiniteWeights()
                    .hasPerplexityDriftAtMost(withPercentage(3), TEXT)
                    .keepsInFullPrecision("*.down_proj", "lm_head");
        }
    }
    // end

    @Test
    void theExampleIsTheReadmes() throws IOException {
        String shown = block(Files.readString(README), "```java\n(.*?)```");
        String run =
                block(Files.readString(SOURCE), "    // begin\n(.*?)    // end").replaceAll("(?m)^ {4}", "");
        assertThat(shown).isEqualTo(run.replace("fixture:tiny-llama", "models/my-llama"));
    }

    /** A class of another name is compiled, passed over by Surefire, and the build succeeds. */
    @Test
    void surefireRunsEveryClassThatTheDocumentationShows() throws IOException {
        List<String> classes = new ArrayList<>();
        for (Path page : List.of(README, Path.of("../docs/reference.md"), Path.of("../docs/benchmarks.md"))) {
            Matcher code = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL).matcher(Files.readString(page));
            while (code.find()) {
                Matcher type = Pattern.compile("(?m)^(?:[a-z]+ )*class (\\w+)").matcher(code.group(1));
                while (type.find()) {
                    classes.add(type.group(1));
                }
            }
        }
        assertThat(classes).isNotEmpty().allMatch(name -> name.matches("Test.*|.*Test|.*Tests|.*TestCase"));
    }

    @Test
    void theFailureIsTheReadmes() throws IOException {
        Text text = Text.of("src/test/resources/held-out.txt");
        try (ModelUnderTest model = ModelAssay.open(Fixtures.path("tiny-llama"))
                .quantize(Quantization.rtn(2, 128))
                .load()) {
            String message = catchThrowable(() -> assertThat(model).hasPerplexityDriftAtMost(withPercentage(3), text))
                    .getMessage();
            String shown = block(Files.readString(README), "```\n(Expecting.*?)\n```");
            // The figures differ in their last digits from one processor to another.
            assertThat(withoutFigures(message)).isEqualTo(withoutFigures(shown));
        }
    }

    private static String withoutFigures(String text) {
        return text.replaceAll("[0-9a-f]{12}…", "#").replaceAll("\\d+(\\.\\d+)+", "#");
    }

    private static String block(String text, String pattern) {
        Matcher matcher = Pattern.compile(pattern, Pattern.DOTALL).matcher(text);
        assertThat(matcher.find()).as("the block " + pattern).isTrue();
        return matcher.group(1);
    }
}
