package io.modelassay.conversion;

import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.FolderRemoval;
import io.modelassay.checkpoint.WholeFile;
import io.modelassay.failure.InvalidRequestException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.stream.Stream;
import org.apiguardian.api.API;

/** A folder that a new checkpoint is written into: it appears complete or not at all. */
@API(status = API.Status.INTERNAL)
public final class OutputFolder {
    /** Files beside tensors and configs that belong to a model whatever its weights are. */
    private static final List<String> COMPANIONS = List.of(
            "added_tokens.json",
            "chat_template.jinja",
            "chat_template.json",
            "merges.txt",
            "preprocessor_config.json",
            "processor_config.json",
            "sentencepiece.bpe.model",
            "special_tokens_map.json",
            "tokenizer.json",
            "tokenizer.model",
            "tokenizer_config.json",
            "vocab.json",
            "vocab.txt");

    private final Path out;

    private OutputFolder(Path out) {
        this.out = out;
    }

    /** Fills a folder. */
    public interface Content {
        void into(Path folder) throws IOException;
    }

    /**
     * The folder {@code out}, of which nothing is made yet.
     *
     * @throws IllegalArgumentException if it exists and is not an empty folder
     */
    public static OutputFolder at(Path out) {
        Path target = out.toAbsolutePath().normalize();
        requireEmpty(target);
        return new OutputFolder(target);
    }

    private static void requireEmpty(Path out) {
        if (!Files.exists(out)) {
            return;
        }
        try (Stream<Path> entries = Files.isDirectory(out) ? Files.list(out) : Stream.of(out)) {
            if (entries.findAny().isPresent()) {
                throw new InvalidRequestException(
                        "The output " + out + " exists and is not an empty folder", "another folder, or remove it");
            }
        } catch (IOException e) {
            throw new UncheckedIOException("The folder " + out + " cannot be read", e);
        }
    }

    /**
     * Writes tokenizer and templates of {@code source} and {@code content}, then moves the whole to its place.
     *
     * @return names of the files, sorted
     * @throws UncheckedIOException if the folder cannot be written
     */
    public List<String> write(Checkpoint source, Content content) {
        Path temporary = WholeFile.beside(out);
        try {
            Files.createDirectories(temporary);
            content.into(temporary);
            for (String name : COMPANIONS) {
                if (source.companionFile(name).isPresent()) {
                    Files.copy(source.companionFile(name).get(), temporary.resolve(name));
                }
            }
            if (Files.exists(out)) {
                Files.delete(out);
            }
            Files.move(temporary, out, StandardCopyOption.ATOMIC_MOVE);
            try (Stream<Path> files = Files.list(out)) {
                return files.map(file -> String.valueOf(file.getFileName()))
                        .sorted()
                        .toList();
            }
        } catch (IOException e) {
            throw new UncheckedIOException("The folder " + out + " cannot be written: " + e.getMessage(), e);
        } finally {
            remove(temporary);
        }
    }

    /** Removes a temporary folder with all that is in it, if it exists. */
    public static void remove(Path folder) {
        try {
            FolderRemoval.remove(folder);
        } catch (IOException e) {
            throw new UncheckedIOException("The temporary folder " + folder + " cannot be removed", e);
        }
    }
}
