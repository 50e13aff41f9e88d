/** The addresses of the API. The handler finds its routes here, and the OpenAPI document describes them. */
import type { z } from 'zod';
import { createRequest, extendRequest, remixRequest } from './schema/create-request.ts';
import { contentQuery, listQuery } from './schema/list-query.ts';

/** An operation of the API. */
export interface Operation {
  readonly id: string;
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** The path, with `{name}` for a parameter. */
  readonly path: string;
  readonly summary: string;
  /** The schema of the query; null when there is none. */
  readonly query: z.ZodObject | null;
  /** The schema of the body; null when there is none. */
  readonly body: z.ZodObject | null;
  /** What an answer with the status 200 has: a schema by its name in the document, or a file. */
  readonly answer: 'Video' | 'VideoList' | 'DeletedVideo' | 'Model' | 'ModelList' | 'file';
}

/** All operations. */
export const OPERATIONS = {
  createVideo: {
    id: 'createVideo',
    method: 'POST',
    path: '/v1/videos',
    summary: 'Makes a video from a photo. The answer does not wait for it.',
    query: null,
    body: createRequest,
    answer: 'Video',
  },
  listVideos: {
    id: 'listVideos',
    method: 'GET',
    path: '/v1/videos',
    summary: 'Lists the videos of the caller in pages.',
    query: listQuery,
    body: null,
    answer: 'VideoList',
  },
  extendVideo: {
    id: 'extendVideo',
    method: 'POST',
    path: '/v1/videos/extensions',
    summary: 'Makes a video that continues from the last frame of a completed one, with its settings.',
    query: null,
    body: extendRequest,
    answer: 'Video',
  },
  retrieveVideo: {
    id: 'retrieveVideo',
    method: 'GET',
    path: '/v1/videos/{video_id}',
    summary: 'Returns a video.',
    query: null,
    body: null,
    answer: 'Video',
  },
  deleteVideo: {
    id: 'deleteVideo',
    method: 'DELETE',
    path: '/v1/videos/{video_id}',
    summary: 'Deletes a video and its files. A video that is being made is stopped.',
    query: null,
    body: null,
    answer: 'DeletedVideo',
  },
  downloadVideo: {
    id: 'downloadVideo',
    method: 'GET',
    path: '/v1/videos/{video_id}/content',
    summary: 'Downloads a file of a completed video, with support for Range and ETag.',
    query: contentQuery,
    body: null,
    answer: 'file',
  },
  remixVideo: {
    id: 'remixVideo',
    method: 'POST',
    path: '/v1/videos/{video_id}/remix',
    summary: 'Makes another video from the photo of a video, with its settings and another seed.',
    query: null,
    body: remixRequest,
    answer: 'Video',
  },
  listModels: {
    id: 'listModels',
    method: 'GET',
    path: '/v1/models',
    summary: 'Lists the models.',
    query: null,
    body: null,
    answer: 'ModelList',
  },
  retrieveModel: {
    id: 'retrieveModel',
    method: 'GET',
    path: '/v1/models/{model}',
    summary: 'Returns a model.',
    query: null,
    body: null,
    answer: 'Model',
  },
} as const satisfies Readonly<Record<string, Operation>>;

export type OperationId = keyof typeof OPERATIONS;
