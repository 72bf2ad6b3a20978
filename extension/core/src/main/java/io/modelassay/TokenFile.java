package io.modelassay;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import io.modelassay.failure.InvalidRequestException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.stream.IntStream;

/** Reads a JSON array of token ids. */
final class TokenFile {
    private TokenFile() {}

    /** @throws IllegalArgumentException if the file holds anything else */
    static int[] read(Path file) {
        IntStream.Builder ids = IntStream.builder();
        try (JsonParser json = new JsonFactory().createParser(file.toFile())) {
            JsonToken token = json.nextToken();
            if (token != JsonToken.START_ARRAY) {
                throw wrong(file, "does not start with an array");
            }
            int count = 0;
            for (token = json.nextToken(); token != JsonToken.END_ARRAY; token = json.nextToken()) {
                if (token != JsonToken.VALUE_NUMBER_INT || json.getLongValue() < 0 || json.getLongValue() > 1 << 30) {
                    throw wrong(file, "holds " + json.getText() + " at place " + count);
                }
                ids.add(json.getIntValue());
                count++;
            }
            return ids.build().toArray();
        } catch (JsonProcessingException e) {
            throw wrong(file, "is not valid JSON: " + e.getOriginalMessage());
        } catch (IOException e) {
            throw new UncheckedIOException("The token file " + file + " cannot be read", e);
        }
    }

    private static IllegalArgumentException wrong(Path file, String why) {
        return new InvalidRequestException(
                "The token file " + file + " " + why, "one JSON array of token ids, such as [53, 88, 260]");
    }
}
