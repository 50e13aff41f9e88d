/** The number of groups of every GroupNorm in SVD's UNet and autoencoder. diffusers fixes it in these classes. */
export const NORM_GROUPS = 32;
