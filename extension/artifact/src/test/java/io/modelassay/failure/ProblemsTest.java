package io.modelassay.failure;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class ProblemsTest {
    static Stream<Arguments> thrown() {
        return Stream.of(
                Arguments.of(new OutOfMemoryError("Java heap space"), GeneralProblem.OUT_OF_MEMORY),
                Arguments.of(new StackOverflowError(), GeneralProblem.STACK_OVERFLOW),
                Arguments.of(new NoClassDefFoundError("ai/djl/Model"), GeneralProblem.LIBRARIES_DO_NOT_FIT),
                Arguments.of(new UnsatisfiedLinkError("no torch"), GeneralProblem.LIBRARIES_DO_NOT_FIT),
                Arguments.of(new AssertionError("never"), GeneralProblem.UNEXPECTED),
                Arguments.of(new NullPointerException(), GeneralProblem.UNEXPECTED),
                Arguments.of(new NumberFormatException("x"), GeneralProblem.UNEXPECTED),
                Arguments.of(new IllegalArgumentException("no"), GeneralProblem.WRONG_USAGE),
                Arguments.of(new IllegalStateException("no"), GeneralProblem.NOT_POSSIBLE),
                Arguments.of(new InvalidRequestException("no", "yes"), GeneralProblem.WRONG_USAGE),
                Arguments.of(new NotPossibleException("no", "yes"), GeneralProblem.NOT_POSSIBLE),
                Arguments.of(new IOException("disk"), GeneralProblem.INPUT_OUTPUT),
                Arguments.of(new UncheckedIOException(new IOException("disk")), GeneralProblem.INPUT_OUTPUT));
    }

    @ParameterizedTest
    @MethodSource("thrown")
    void whateverIsThrownIsAProblem(Throwable thrown, GeneralProblem id) {
        assertThat(Problems.of(thrown).id()).isEqualTo(id);
        assertThat(Problems.of(thrown).message()).isNotBlank();
    }

    @Test
    void theTextTellsThePlaceAndOneStep() {
        Problem problem = new Problem(
                GeneralProblem.NOT_POSSIBLE,
                "It is\u001b broken",
                "another",
                Place.file(Path.of("a.bin")).inTensor("w").at(8));
        assertThat(problem.text()).isEqualTo("""
                It is\\u001b broken
                  file a.bin
                  tensor "w"
                  byte offset 8
                Try: another""");
        assertThat(new InvalidRequestException("no", "yes")).hasMessage("no\nTry: yes");
        assertThat(new Problem(GeneralProblem.UNEXPECTED, "no").text()).isEqualTo("no");
    }

    /** A cluster's worker sends its failures as serialized objects. */
    @Test
    void aFailureSurvivesSerialization() throws IOException, ClassNotFoundException {
        ModelAssayException thrown = new ModelAssayException(new Problem(
                GeneralProblem.INPUT_OUTPUT,
                "gone",
                "again",
                Place.folder(Path.of("models")).at(3)));
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
            out.writeObject(thrown);
        }
        try (ObjectInputStream in = new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
            ModelAssayException read = (ModelAssayException) in.readObject();
            assertThat(read).hasMessage(thrown.getMessage());
            assertThat(read.details().id()).isEqualTo(GeneralProblem.INPUT_OUTPUT);
            assertThat(read.details().place().byteOffset()).hasValue(3);
        }
    }
}
