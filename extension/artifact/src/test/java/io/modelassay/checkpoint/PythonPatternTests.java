package io.modelassay.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class PythonPatternTests {
    private static final Path FILE = Path.of("config.json");

    private static PythonPattern pattern(String regex) {
        return PythonPatterns.of(FILE).compile(regex, "ignore");
    }

    /** Regular expression, name, and what re.fullmatch and re.match of Python 3.11 find. */
    static Stream<Arguments> truths() {
        return Stream.of(
                Arguments.of(".*\\.up_proj", "model.layers.10.mlp.up_proj", true, true),
                Arguments.of("model\\.layers\\.(?P<layer_no>\\d+)\\..*", "model.layers.10.mlp.up_proj", true, true),
                Arguments.of("(?P<a>\\w+)\\.(?P=a)", "ab.ab", true, true),
                Arguments.of("(?P<a>\\w+)\\.(?P=a)", "ab.ba", false, false),
                Arguments.of("[[a]+", "[a[", true, true),
                Arguments.of("[a&&b]+", "a&b", true, true),
                Arguments.of("[]a]+", "]a", true, true),
                Arguments.of("[^]a]+", "xb", true, true),
                Arguments.of("a{,3}b", "aab", true, true),
                Arguments.of("a{,}b", "aaaab", true, true),
                Arguments.of("a{x}", "a{x}", true, true),
                Arguments.of("a{}", "a{}", true, true),
                Arguments.of("a{2}", "aa", true, true),
                Arguments.of("a{2,}", "aaa", true, true),
                Arguments.of("up(?#comment)_proj", "up_proj", true, true),
                Arguments.of("(?i)MODEL.*", "model.layers.10.mlp.up_proj", true, true),
                Arguments.of("(?i:MODEL)\\..*", "model.layers.10.mlp.up_proj", true, true),
                Arguments.of("model.*\\Z", "model.layers.10.mlp.up_proj", true, true),
                Arguments.of("\\Amodel", "model.layers.10.mlp.up_proj", false, true),
                Arguments.of("model.+$", "model\nx", false, false),
                Arguments.of("a.b", "a\u2028b", true, true),
                Arguments.of("a.b", "a\nb", false, false),
                Arguments.of("\\w+", "\u043c\u043e\u0434\u0435\u043b\u044c", true, true),
                Arguments.of("\\d", "\u0663", true, true),
                Arguments.of("(a|b)*c", "ababc", true, true),
                Arguments.of("a++b", "aab", true, true),
                Arguments.of("(?>a|ab)c", "abc", false, false),
                Arguments.of("\\x6dodel.*", "model.layers.10.mlp.up_proj", true, true),
                Arguments.of("\\u006dodel.*", "model.layers.10.mlp.up_proj", true, true),
                Arguments.of("x?up.*", "up", true, true),
                Arguments.of("(x)?up", "up", true, true),
                Arguments.of("(up|down)_proj", "down_proj", true, true),
                Arguments.of("up_proj|down_proj", "down_proj", true, true),
                Arguments.of("(?:layers\\.)*up", "up", true, true),
                Arguments.of("(?:layers\\.)+up", "up", false, false),
                Arguments.of("(?:layers\\.){0}up", "up", true, true),
                Arguments.of("(?!lm_head).*", "model.layers.10.mlp.up_proj", true, true),
                Arguments.of("(?<=model)\\.layers", "model.layers.10.mlp.up_proj", false, false),
                Arguments.of("model(?=\\.).*", "model.layers.10.mlp.up_proj", true, true),
                Arguments.of("lm_head", "lm_head.weight", false, true),
                Arguments.of("\\.", "x", false, false),
                Arguments.of("", "x", false, true),
                Arguments.of("", "", true, true),
                Arguments.of("[\\b]", "\b", true, true),
                Arguments.of("\\v", "\u000b", true, true),
                Arguments.of("\\v", "\n", false, false),
                Arguments.of("a\\101", "aA", true, true),
                Arguments.of("(a)\\1", "aa", true, true),
                Arguments.of("}]", "}]", true, true),
                Arguments.of("(?s)a.b", "a\nb", true, true),
                Arguments.of("\\-\\_\\#\\\u00e9", "-_#\u00e9", true, true),
                Arguments.of("\u00e9?x", "x", true, true),
                Arguments.of("\ud83d\ude00?x", "x", true, true),
                Arguments.of("a\ud83d\ude00+b", "a\ud83d\ude00\ud83d\ude00b", true, true),
                Arguments.of("(?x) up  # all", "up", true, true),
                Arguments.of("down{0}up", "dowup", true, true));
    }

    @ParameterizedTest
    @MethodSource("truths")
    void findsWhatPythonFinds(String regex, String name, boolean whole, boolean start) {
        assertThat(pattern(regex).fullMatch(name)).isEqualTo(whole);
        assertThat(pattern(regex).match(name)).isEqualTo(start);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "(",
                "[",
                "a**",
                "*a",
                "\\q",
                "\\p{L}",
                "\\Qa\\E",
                "(?P<1a>x)",
                "(?P=a)",
                "(?<n>x)",
                ")",
                "a)",
                "(?#",
                "\\",
                "(?P<a",
                "x{3,2}",
                "\\h",
                "\\R",
                "(?z)",
                "[z-a]"
            })
    void whatPythonRefusesIsRefused(String regex) {
        CheckpointException failure = catchThrowableOfType(CheckpointException.class, () -> pattern(regex));
        assertThat(failure.id()).isEqualTo("invalid-pattern");
        assertThat(failure)
                .hasMessageStartingWith("ignore holds \"")
                .hasMessageContaining("\n  file config.json\nTry: ");
    }

    @ParameterizedTest
    @ValueSource(strings = {"(a+)+\\1[!]", "(a|aa)+\\1[!]", "([a-z]+)*\\1[!]", "(.*a){30}[!]", "(?=(a+)+\\1[!])b?"})
    void whatDoesNotEndIsRefusedAndNamed(String regex) {
        CheckpointException failure = catchThrowableOfType(
                CheckpointException.class, () -> pattern(regex).match("a".repeat(70) + "?"));
        assertThat(failure.id()).isEqualTo("invalid-pattern");
        assertThat(failure)
                .hasMessageContaining("of ignore takes more than 1000000 steps")
                .hasMessageContaining("aaaa");
    }

    /** Java remembers where a repetition has failed before, and Python does not. */
    @ParameterizedTest
    @ValueSource(strings = {"(a+)+[!]", "(a|aa)*[!]", "(?:a?){20}[!]", "(x+x+)+y|(a+a+)+b", "(a+)+!"})
    void whatEndsAfterAllIsAnswered(String regex) {
        assertThat(pattern(regex).match("a".repeat(70) + "?")).isFalse();
    }

    /** Java recurses for each repetition of a group, and for each level of nesting. */
    @Test
    void neitherLongNamesNorDeepPatternsOverflowTheStack() {
        PythonPattern repeated = pattern("(?:a|b|cd)*[x]");
        assertThat(catchThrowableOfType(CheckpointException.class, () -> repeated.match("ab".repeat(200_000)))
                        .id())
                .isEqualTo("invalid-pattern");
        String deep = "(".repeat(100_000) + "a" + ")".repeat(100_000);
        assertThat(catchThrowableOfType(
                                CheckpointException.class, () -> pattern(deep).match("a"))
                        .id())
                .isEqualTo("invalid-pattern");
    }

    /** Each cheap enough; a million of them are not. */
    @Test
    void allPatternsOfAFileTogetherHaveABound() {
        PythonPatterns patterns =
                new PythonPatterns((what, nextStep) -> new IllegalStateException(what + nextStep), 50_000);
        assertThatIllegalStateException()
                .isThrownBy(() -> {
                    for (int i = 0; i < 1_000; i++) {
                        assertThat(patterns.compile(".*[b]{" + (i % 50 + 1) + "}", "ignore")
                                        .match("a".repeat(24)))
                                .isFalse();
                    }
                })
                .withMessageContaining("of ignore and those before it take more than 50000 steps");
    }

    @Test
    void theLastGroupIsFound() {
        assertThat(pattern("(?:.*?\\.)?layers\\.(\\d+)\\..*").lastGroup("model.layers.12.mlp"))
                .contains("12");
        assertThat(pattern("(a)|(b)").lastGroup("a")).isEmpty();
    }
}
