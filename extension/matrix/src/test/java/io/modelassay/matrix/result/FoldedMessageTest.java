package io.modelassay.matrix.result;

import static org.assertj.core.api.Assertions.assertThat;

import io.modelassay.matrix.result.FoldedMessage.Part;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class FoldedMessageTest {
    private static final String FRAMES = "\tat io.modelassay.runtime.Tokenizer.load(Tokenizer.java:41)\n"
            + "    at java.base/java.util.ArrayList.forEach(ArrayList.java:1511)\n\t... 87 more";

    private static String lines(int count) {
        return IntStream.range(0, count).mapToObj(i -> "line " + i).collect(Collectors.joining("\n"));
    }

    @Test
    void aShortMessageIsOnePart() {
        assertThat(FoldedMessage.of(lines(15))).containsExactly(new Part(lines(15), ""));
        assertThat(FoldedMessage.of("")).isEmpty();
    }

    @Test
    void framesAreFoldedWhereTheyStand() {
        assertThat(FoldedMessage.of("It failed\n" + FRAMES + "\nCaused by: no memory"))
                .containsExactly(
                        new Part("It failed", ""),
                        new Part(FRAMES, "3 stack frames"),
                        new Part("Caused by: no memory", ""));
    }

    @Test
    void aLineThatOnlyBeginsLikeAFrameIsText() {
        String message = "Expecting drift\n    at most 3.0 % (bf16)\n    at least once\n  ... and more";
        assertThat(FoldedMessage.of(message)).containsExactly(new Part(message, ""));
    }

    @Test
    void whatFollowsTheFirstTwelveLinesIsFoldedAndNothingIsLost() {
        String message = lines(10) + "\n" + FRAMES + "\n" + lines(40);
        List<Part> parts = FoldedMessage.of(message);
        assertThat(parts).extracting(Part::label).containsExactly("", "3 stack frames", "", "38 more lines");
        assertThat(parts.get(2).text()).isEqualTo("line 0\nline 1");
        assertThat(parts.stream().map(Part::text).collect(Collectors.joining("\n")))
                .isEqualTo(message);
    }
}
