package io.modelassay.matrix.result;

import io.modelassay.checkpoint.JsonText;
import io.modelassay.checkpoint.WholeFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The documents of a matrix. */
final class MatrixFolder {
    private MatrixFolder() {}

    static Path write(Path folder, MatrixResult matrix) {
        try {
            Files.createDirectories(folder);
            WholeFile.write(folder.resolve("matrix.json"), JsonText.of(JsonDocument.of(matrix)));
            WholeFile.write(folder.resolve("matrix.md"), MarkdownDocument.of(matrix));
            WholeFile.write(folder.resolve("junit.xml"), JUnitDocument.of(matrix));
            Path page = folder.resolve("index.html");
            WholeFile.write(page, MatrixPage.of(matrix));
            return page;
        } catch (IOException e) {
            throw new UncheckedIOException("The report in " + folder + " cannot be written: " + e.getMessage(), e);
        }
    }
}
