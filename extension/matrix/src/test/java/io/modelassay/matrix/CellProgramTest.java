package io.modelassay.matrix;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CellProgramTest {
    private static final String MAIN = "io/modelassay/matrix/CellMain.class";

    @TempDir
    private Path folder;

    private Path jar(String... names) throws IOException {
        Path jar = folder.resolve("some.jar");
        try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(jar))) {
            for (String name : names) {
                zip.putNextEntry(new ZipEntry(name));
                zip.write(name.getBytes(StandardCharsets.UTF_8));
                zip.closeEntry();
            }
        }
        return jar;
    }

    @Test
    void theProgramHasTheMainClassOfACell() {
        assertThat(ClassPathContent.has(List.of(CellProgram.entry()), MAIN)).isTrue();
    }

    @Test
    void aJarOfTheMatrixAloneServesAsItIs() throws IOException {
        Path jar = jar(MAIN, "io/modelassay/matrix/result/Verdict.class");
        assertThat(CellProgram.withoutLibraries(jar)).isEqualTo(jar);
    }

    @Test
    void ofARunnableJarOnlyTheMatrixIsTaken() throws IOException {
        Path jar = jar(
                MAIN,
                "com/fasterxml/jackson/databind/ObjectMapper.class",
                "io/modelassay/cli/Main.class",
                "io/modelassay/quantization/Quantization.class");
        try (ZipFile copy = new ZipFile(CellProgram.withoutLibraries(jar).toFile())) {
            assertThat(copy.stream().map(ZipEntry::getName)).containsExactly(MAIN);
            assertThat(copy.getInputStream(copy.getEntry(MAIN))).hasContent(MAIN);
        }
    }
}
