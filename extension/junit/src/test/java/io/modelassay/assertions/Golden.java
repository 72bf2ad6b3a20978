package io.modelassay.assertions;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.api.Assertions.withinPercentage;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;

/**
 * The whole text of a failure against an approved one. Folders, hashes and the engine's version have placeholders;
 * measured figures, which differ in their last digits between machines, agree within a percent.
 */
final class Golden {
    private static final Pattern FIGURE = Pattern.compile("(?<![\\w.])\\d+\\.\\d+(?![\\w.]*\\d)");

    private Golden() {}

    /** Fails unless {@code call} fails with {@code expected}; FOLDER stands for {@code folder}. */
    static void fails(ThrowingCallable call, Path folder, String expected) {
        AssertionError failure = catchThrowableOfType(AssertionError.class, call);
        assertThat(failure).as("a failure").isNotNull();
        reads(failure.getMessage(), folder, expected);
    }

    static void reads(String message, Path folder, String expected) {
        String actual = message.replace(folder.toString(), "FOLDER")
                .replaceAll("sha256 [0-9a-f]{12}…", "sha256 HASH…")
                .replaceAll("PyTorch [0-9][0-9.]*", "ENGINE");
        String text = expected.stripTrailing();
        assertThat(FIGURE.matcher(actual).replaceAll("N"))
                .withFailMessage(() -> "Expecting the text\n" + text + "\nbut it was\n" + actual)
                .isEqualTo(FIGURE.matcher(text).replaceAll("N"));
        List<Double> figures = figures(actual);
        List<Double> approved = figures(text);
        for (int i = 0; i < approved.size(); i++) {
            assertThat(figures.get(i)).as(actual).isCloseTo(approved.get(i), withinPercentage(1));
        }
    }

    private static List<Double> figures(String text) {
        List<Double> figures = new ArrayList<>();
        for (Matcher matcher = FIGURE.matcher(text); matcher.find(); ) {
            figures.add(Double.valueOf(matcher.group()));
        }
        return figures;
    }
}
