package io.modelassay.diagnosis;

import org.apiguardian.api.API;

/**
 * A value in a forward pass over a calibration.
 *
 * @param module the operation whose result holds it, such as {@code model.layers.0.mlp.down_proj}
 * @param window index of the window
 * @param position index in the window
 * @param tokenId the token there
 * @param channel index in the operation's result
 */
@API(status = API.Status.EXPERIMENTAL)
public record Place(String module, int window, int position, int tokenId, long channel) {
    /** Where in the text, such as {@code token id 42 (window 0, position 3), channel 7}. */
    @Override
    public String toString() {
        return "token id " + tokenId + " (window " + window + ", position " + position + "), channel " + channel;
    }
}
