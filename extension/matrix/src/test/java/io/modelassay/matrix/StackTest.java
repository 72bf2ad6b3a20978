package io.modelassay.matrix;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StackTest {
    @Test
    void anAxisAlignsItsArtifacts() {
        assertThat(Stack.of("djl", "0.32.0").coordinates())
                .containsEntry("ai.djl:api", "0.32.0")
                .containsEntry("ai.djl.pytorch:pytorch-jni", "2.5.1-0.32.0")
                .containsEntry("ai.djl.pytorch:pytorch-native-cpu", "2.5.1")
                .containsEntry("ai.djl.huggingface:tokenizers", "0.32.0")
                .hasSize(5);
        assertThat(Stack.of("junit", "5.13.4").coordinates())
                .containsEntry("org.junit.platform:*", "1.13.4")
                .containsEntry("org.junit.jupiter:*", "5.13.4");
        assertThat(Stack.of("junit", "6.0.1").coordinates()).containsEntry("org.junit.platform:*", "6.0.1");
    }

    @Test
    void theMoreExactWins() {
        Stack stack = Stack.parse(
                "tokenizers=0.30.0,djl=0.35.1,ai.djl:api=0.34.0,org.junit.jupiter:junit-jupiter-api=5.9.1,junit=5.14.1");
        assertThat(stack.versionOf("ai.djl.huggingface", "tokenizers", "")).contains("0.30.0");
        assertThat(stack.versionOf("ai.djl", "api", "")).contains("0.34.0");
        assertThat(stack.versionOf("org.junit.jupiter", "junit-jupiter-api", ""))
                .contains("5.9.1");
        assertThat(stack.versionOf("org.junit.jupiter", "junit-jupiter-engine", ""))
                .contains("5.14.1");
        assertThat(stack.versionOf("ai.djl.pytorch", "pytorch-native-cpu", "linux-x86_64"))
                .contains("2.7.1");
        assertThat(stack.versionOf("org.slf4j", "slf4j-api", "")).isEmpty();
    }

    @Test
    void anUnknownVersionIsKnownWithWhatItImplies() {
        assertThat(Stack.parse("djl=0.99.0,pytorch=3.0.0").coordinates())
                .containsEntry("ai.djl.pytorch:pytorch-jni", "3.0.0-0.99.0");
        assertThatThrownBy(() -> Stack.of("djl", "0.99.0"))
                .isInstanceOfSatisfying(
                        MatrixException.class, e -> assertThat(e.problem()).isEqualTo(MatrixProblem.UNKNOWN_VERSION))
                .hasMessage("""
                        Which pytorch belongs to djl 0.99.0 is not known; known are 0.22.1, 0.25.0, 0.27.0, 0.28.0, 0.29.0, 0.30.0, 0.32.0, 0.34.0, 0.35.1
                        Try: djl=0.99.0,pytorch=VERSION, or one of the known versions""");
    }

    @Test
    void namesComeFromTheSpec() {
        assertThat(Stack.of("djl", "0.32.0").name()).isEqualTo("djl 0.32.0");
        assertThat(Stack.parse("djl=0.32.0,junit=6.0.1").name()).isEqualTo("djl 0.32.0, junit 6.0.1");
        assertThat(Stack.parse("name=old,djl=0.22.1").name()).isEqualTo("old");
        assertThat(Stack.parse("name=own").coordinates()).isEmpty();
        assertThat(Stack.of("djl", "0.32.0").answersTo("0.32.0")).isTrue();
        assertThat(Stack.parse("djl=0.32.0,junit=6.0.1").answersTo("0.32.0")).isFalse();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '\0',
            value = {
                "djl | The stack \"djl\": \"djl\" is not KEY=VALUE | djl=0.32.0,junit=6.0.1",
                "djl= | The stack \"djl=\": \"djl=\" is not KEY=VALUE | djl=0.32.0,junit=6.0.1",
                "djl=0.32.0,djl=0.35.1 | The stack \"djl=0.32.0,djl=0.35.1\": djl is given twice | one djl in each stack",
                "djll=1 | The stack \"djll=1\": there is no axis \"djll\"; axes are assertj, junit, djl, pytorch, tokenizers"
                        + " | djl=1, or a coordinate such as org.assertj:assertj-core=1",
                "junit=6 0 | The stack \"junit=6 0\": \"6 0\" is no version of junit | junit=1.2.3",
                "pytorch=2.7.1 | The axis pytorch needs a version of djl beside it | djl=VERSION,pytorch=2.7.1"
            })
    void aSpecThatIsNoneSaysWhy(String spec, String message, String next) {
        assertThatThrownBy(() -> Stack.parse(spec))
                .isInstanceOfSatisfying(
                        MatrixException.class, e -> assertThat(e.problem()).isEqualTo(MatrixProblem.INVALID_STACK))
                .hasMessage(message + "\nTry: " + next);
    }
}
